//! The C interface, from C: the library is built as its users build it, the header compiled as C
//! and C++, a program linked and run, also under AddressSanitizer and valgrind where they are.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use wasmvm::Trap;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
/// Where everything of this test is made.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capi");
    fs::create_dir_all(&folder).unwrap();
    folder
}
fn header() -> String {
    fs::read_to_string(root().join("include/wasmvm.h")).unwrap()
}

/// The folder with the shared and the static library.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let target = folder().join("target");
        let output = Command::new(env!("CARGO"))
            .current_dir(root())
            .args(["rustc", "--release", "--lib", "--no-default-features", "--features", "capi"])
            .args(["--crate-type", "cdylib,staticlib"])
            // A folder of its own: the outer build may hold the lock of the usual one.
            .env("CARGO_TARGET_DIR", &target)
            // The threaded handlers are tested elsewhere, and take minutes to build.
            .env("WASMVM_DISPATCH", "loop")
            .output()
            .expect("cargo can be started");
        check("cargo rustc", &output);
        target.join("release")
    })
}

#[track_caller]
fn check(what: &str, output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what}: {}\n{out}{err}", output.status);
    format!("{out}{err}")
}

/// Whether a program is there; if not, says what is not tested.
fn is_there(program: &str, what: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    if !there {
        println!("SKIPPED: there is no `{program}`, so {what} is not tested");
    }
    there
}

const STATIC: [&str; 4] = ["-lm", "-lpthread", "-ldl", "-lrt"];

/// Compiles and links a C program with the static library.
fn program(source: &str, name: &str, flags: &[&str]) -> PathBuf {
    let program = folder().join(name);
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-g", "-O1"]);
    cc.args(flags).arg("-I").arg(root().join("include")).arg(root().join(source));
    cc.arg(library().join("libwasmvm.a")).args(STATIC).arg("-o").arg(&program);
    check("cc", &cc.output().unwrap());
    program
}

/// The modules that the C program loads, and the folder that it may use.
fn guests(name: &str) -> PathBuf {
    let folder = folder().join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("data")).unwrap();
    fs::write(folder.join("data/note.txt"), "a note").unwrap();
    fs::write(
        folder.join("app.toml"),
        "[capabilities.wasm]\nload = ['mods/*.wasm']\npreopens = ['data']\n",
    )
    .unwrap();
    fs::create_dir_all(folder.join("mods")).unwrap();
    for entry in fs::read_dir(root().join("tests/capi")).unwrap().flatten() {
        let path = entry.path();
        if path.extension() == Some(OsStr::new("wat")) {
            let bytes = wat::parse_file(&path).unwrap();
            let file = path.with_extension("wasm");
            fs::write(folder.join("mods").join(file.file_name().unwrap()), bytes).unwrap();
        }
    }
    fs::copy(folder.join("mods/guest.wasm"), folder.join("other.wasm")).unwrap();
    folder
}

/// What the program prints if all is well.
#[track_caller]
fn passed(output: &Output) -> String {
    let text = check("the C program", output);
    assert!(text.contains("C tests passed: "), "{text}");
    text
}

#[test]
fn the_c_program_runs() {
    if is_there("cc", "the C interface") {
        let program = program("tests/capi/test.c", "test", &[]);
        passed(&Command::new(program).arg(guests("plain")).output().unwrap());
    }
}

#[test]
fn the_c_program_runs_with_the_shared_library() {
    if !is_there("cc", "the shared library") {
        return;
    }
    let program = folder().join("test-shared");
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-DWASMVM_SHARED", "-I"]).arg(root().join("include"));
    cc.arg(root().join("tests/capi/test.c")).arg("-L").arg(library());
    cc.args(["-lwasmvm", "-lm", "-lpthread", "-o"]).arg(&program);
    check("cc", &cc.output().unwrap());
    let mut run = Command::new(program);
    run.env("LD_LIBRARY_PATH", library()).env("DYLD_LIBRARY_PATH", library());
    passed(&run.arg(guests("shared")).output().unwrap());
}

const SANITIZED: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// Whether `cc` has AddressSanitizer; if not, says what is not tested.
fn has_sanitizer(what: &str) -> bool {
    if !is_there("cc", what) {
        return false;
    }
    let source = folder().join("empty.c");
    fs::write(&source, "int main(void) { return 0; }\n").unwrap();
    let mut probe = Command::new("cc");
    probe.arg(SANITIZED[0]).arg("-o").arg(folder().join("empty")).arg(source);
    let there = probe.output().unwrap().status.success();
    if !there {
        println!("SKIPPED: `cc` has no AddressSanitizer, so {what} is not tested");
    }
    there
}
fn sanitized(program: PathBuf) -> Command {
    let mut run = Command::new(program);
    run.env("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0:exitcode=9");
    run
}

#[test]
fn the_c_program_is_clean_under_address_sanitizer() {
    if has_sanitizer("the C interface under AddressSanitizer") {
        let program = program("tests/capi/test.c", "test-asan", &SANITIZED);
        let text = passed(&sanitized(program).arg(guests("asan")).output().unwrap());
        println!("AddressSanitizer: no error, no leak; {}", text.trim());
    }
}

/// Calls in any order, with whatever handles; `WASMVM_CAPI=N` makes N times as many.
#[test]
fn calls_in_any_order() {
    if !is_there("cc", "the C interface in any order") {
        return;
    }
    let rounds = std::env::var("WASMVM_CAPI").map_or(1, |n| n.parse().expect("a number"));
    let (plain, folder) = (program("tests/capi/random.c", "random", &[]), guests("any-order"));
    for seed in 1..=4 * rounds {
        let mut run = Command::new(&plain);
        let output = run.arg(&folder).args([&seed.to_string(), "50000"]).output().unwrap();
        println!("seed {seed}: {}", passed(&output).trim());
    }
    if has_sanitizer("the C interface in any order under AddressSanitizer") {
        let program = program("tests/capi/random.c", "random-asan", &SANITIZED);
        let mut run = sanitized(program);
        let output = run.arg(&folder).args(["1000", "50000"]).output().unwrap();
        println!("AddressSanitizer: {}", passed(&output).trim());
    }
}

#[test]
fn the_c_program_is_clean_under_valgrind() {
    if !is_there("cc", "the C interface") || !is_there("valgrind", "the C interface under it") {
        return;
    }
    let program = program("tests/capi/test.c", "test-valgrind", &[]);
    let mut run = Command::new("valgrind");
    run.args(["--leak-check=full", "--show-leak-kinds=definite,indirect,possible"]);
    run.args(["--errors-for-leak-kinds=definite,indirect", "--error-exitcode=9"]);
    let text = passed(&run.arg(program).arg(guests("valgrind")).output().unwrap());
    for line in text.lines().filter(|line| line.contains("total heap") || line.contains("ERROR")) {
        println!("valgrind: {line}");
    }
}

#[test]
fn the_header_is_c11_and_cxx17() {
    for (compiler, standard, file) in [("cc", "-std=c11", "h.c"), ("c++", "-std=c++17", "h.cc")] {
        if !is_there(compiler, "the header") {
            continue;
        }
        let source = folder().join(file);
        // Twice: it guards itself. Every function is mentioned, so that its type is looked at.
        let uses: String = declared().iter().map(|f| format!("    (void)&{f};\n")).collect();
        let text =
            format!("#include \"wasmvm.h\"\n#include \"wasmvm.h\"\nvoid f(void) {{\n{uses}}}\n");
        fs::write(&source, text).unwrap();
        let mut cc = Command::new(compiler);
        cc.args([standard, "-Wall", "-Wextra", "-Werror", "-pedantic", "-I"]);
        cc.arg(root().join("include")).arg("-c").arg(&source);
        check(compiler, &cc.arg("-o").arg(source.with_extension("o")).output().unwrap());
    }
}

/// The functions of the header.
fn declared() -> BTreeSet<String> {
    let header = header();
    let text = header.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join(" ");
    let functions = text.split("WASMVM_API ").skip(1);
    let name = |text: &str| {
        let before = text.split('(').next().unwrap_or_default();
        before.rsplit([' ', '*']).next().unwrap_or_default().to_owned()
    };
    functions.map(name).collect()
}

#[test]
fn the_library_exports_what_the_header_declares() {
    let declared = declared();
    assert!(declared.len() > 100, "{} functions", declared.len());
    assert!(declared.iter().all(|name| name.starts_with("wasmvm_")), "{declared:?}");
    if !is_there("nm", "which symbols the library exports") {
        return;
    }
    let shared = library().join("libwasmvm.so");
    if !shared.exists() {
        println!("SKIPPED: only ELF libraries are looked into");
        return;
    }
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(shared).output().unwrap();
    let symbols = check("nm", &output);
    let exported: BTreeSet<String> = symbols
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2))
        .map(|symbol| symbol.split('@').next().unwrap_or_default().to_owned())
        .collect();
    let missing: Vec<_> = declared.difference(&exported).collect();
    let hidden: Vec<_> = exported.difference(&declared).collect();
    assert!(missing.is_empty() && hidden.is_empty(), "missing {missing:?}, undeclared {hidden:?}");
}

#[test]
fn the_header_knows_every_trap() {
    let header = header();
    for (code, trap) in Trap::ALL.iter().enumerate() {
        let mut name = String::new();
        for c in format!("{trap:?}").chars() {
            if c.is_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(c.to_ascii_uppercase());
        }
        let line = format!("WASMVM_TRAP_{name} = {code}");
        assert!(header.contains(&line), "{line}");
    }
    assert_eq!(header.matches("    WASMVM_TRAP_").count(), Trap::ALL.len());
}

#[test]
fn the_example_runs() {
    if is_there("cc", "the C example") {
        let program = program("examples/embed.c", "embed", &[]);
        let output = Command::new(program).arg(guests("example").join("mods/plugin.wasm")).output();
        let text = check("the example", &output.unwrap());
        assert_eq!(text, "the guest says: hello\n2 + 3 = 5\ntrap: unreachable in `boom`\n");
    }
}

#[test]
fn the_pkg_config_template_is_one() {
    let template = fs::read_to_string(root().join("include/wasmvm.pc.in")).unwrap();
    let text = template.replace("@PREFIX@", "/opt/wasmvm");
    let text = text.replace("@VERSION@", env!("CARGO_PKG_VERSION"));
    assert!(!text.contains('@'), "{text}");
    if !is_there("pkg-config", "the template of its file") {
        return;
    }
    let pc = folder().join("pc");
    fs::create_dir_all(&pc).unwrap();
    fs::write(pc.join("wasmvm.pc"), text).unwrap();
    let ask = |args: &[&str]| {
        let mut command = Command::new("pkg-config");
        command.env("PKG_CONFIG_PATH", &pc).args(args).arg("wasmvm");
        check("pkg-config", &command.output().unwrap())
    };
    assert_eq!(ask(&["--modversion"]).trim(), env!("CARGO_PKG_VERSION"));
    assert_eq!(ask(&["--cflags"]).trim(), "-I/opt/wasmvm/include");
    let shared = ask(&["--libs"]);
    assert!(shared.contains("-L/opt/wasmvm/lib") && shared.contains("-lwasmvm"), "{shared}");
    assert!(ask(&["--libs", "--static"]).contains("-lpthread"));
}
