//! The handle interface: words, codes, conversion of numbers, and that nothing is opened that the
//! capabilities do not allow.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use wasmvm::runtime::{
    Capabilities, Code, Error, InstanceId, ModuleId, Runtime, Value, WasiConfig,
};
use wasmvm::wasi::Capture;
use wasmvm::{Config, ErrorKind, Limits, Trap};

/// The example is a program; its `main` is run here too.
#[path = "../examples/runtime.rs"]
mod example;

#[test]
fn the_example_runs() {
    example::main().unwrap();
}

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the text is a module")
}

fn instance(text: &str) -> (Runtime, InstanceId) {
    let mut runtime = Runtime::new(Capabilities::none()).unwrap();
    let module = runtime.compile(wasm(text)).unwrap();
    let id = runtime.instantiate(module, WasiConfig::new()).unwrap();
    (runtime, id)
}

fn code<R>(result: Result<R, Error>) -> u16 {
    result.err().map_or(0, |error| error.code().number())
}

/// A folder of its own, resolved; gone at the end.
struct Folder(PathBuf);
impl Folder {
    fn new(name: &str) -> Folder {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runtime").join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path.canonicalize().unwrap())
    }
    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}
impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn codes_have_the_numbers_of_the_documents() {
    let numbers: Vec<u16> = Code::ALL.iter().map(|code| code.number()).collect();
    assert_eq!(numbers, (5000..=5011).collect::<Vec<u16>>());
    assert_eq!(Code::FuelExhausted.to_string(), "5011 FuelExhausted");
}

#[test]
fn numbers_are_converted_by_the_signature() {
    let (mut runtime, id) = instance(
        "(module (func (export \"f\") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
            (local.get 3) (local.get 2) (local.get 1) (local.get 0))
          (func (export \"g\") (param externref) (result externref) (local.get 0)))",
    );
    let expected = [Value::F64(0.5), Value::F32(3.0), Value::I64(2), Value::I32(-1)];
    let given: [Value; 4] = [u32::MAX.into(), 2.0.into(), 3.into(), 0.5.into()];
    assert_eq!(runtime.call(id, "f", &given).unwrap(), expected);
    assert_eq!(runtime.call(id, "g", &[Value::Null]).unwrap(), [Value::Null]);
    for wrong in [&given[..3], &[Value::I64(1), given[1], given[2], given[3]]] {
        let error = runtime.call(id, "f", wrong).unwrap_err();
        assert_eq!(error.code(), Code::TypeError, "{error}");
    }
    assert_eq!(code(runtime.call(id, "g", &[1.into()])), 5007);
    let error = runtime.call(id, "f", &[0.5.into(), 1.into(), 1.into(), 1.into()]).unwrap_err();
    assert_eq!(error.to_string(), "5007 TypeError: argument 1 of `f`: Float(0.5) is no i32");
}

#[test]
fn references_go_back_to_where_they_come_from() {
    let text = "(module (type $s (struct (field i32)))
        (func (export \"make\") (param i32) (result (ref $s)) (struct.new $s (local.get 0)))
        (func (export \"get\") (param (ref $s)) (result i32) (struct.get $s 0 (local.get 0))))";
    let (mut runtime, id) = instance(text);
    let object = runtime.call(id, "make", &[42.into()]).unwrap();
    assert_eq!(runtime.call(id, "get", &object).unwrap(), [Value::I32(42)]);
    let (mut other, other_id) = instance(text);
    assert_eq!(code(other.call(other_id, "get", &object)), 5007);
    assert_eq!(code(runtime.call(id, "get", &[Value::Null])), 5007);
}

#[test]
fn every_failure_has_its_code() {
    let (mut runtime, id) = instance(
        "(module (memory (export \"memory\") 1 2) (func (export \"trap\") unreachable)
            (global (export \"g\") i32 (i32.const 0)))",
    );
    assert_eq!(code(runtime.compile(b"\0asm".to_vec())), 5000);
    let unknown = runtime.compile(wasm("(module (import \"a\" \"b\" (func)))")).unwrap();
    let error = runtime.instantiate(unknown, WasiConfig::new()).unwrap_err();
    assert_eq!(error.code(), Code::InstantiateError);
    assert_eq!(error.engine_error().unwrap().kind(), ErrorKind::Link);
    let error = runtime.call(id, "trap", &[]).unwrap_err();
    assert_eq!(error.code(), Code::CallError);
    assert_eq!(error.engine_error().unwrap().trap(), Some(Trap::Unreachable));
    assert_eq!(error.backtrace()[0].name.as_deref(), Some("trap"));
    for name in ["nothing", "memory", "g"] {
        assert_eq!(code(runtime.call(id, name, &[])), 5003);
    }
    assert_eq!(code(runtime.memory_read(id, 65_530, 7)), 5006);
    assert_eq!(code(runtime.memory_read(id, u64::MAX, 2)), 5006);
    assert_eq!(code(runtime.memory_read(id, 0, u64::MAX)), 5006);
    assert_eq!(code(runtime.memory_write(id, 65_536, b"x")), 5006);
    assert_eq!(code(runtime.memory_grow(id, 2)), 5006);
    assert_eq!(code(runtime.set_fuel(id, 1)), 5002);
    assert_eq!(code(runtime.interrupt_handle(id)), 5002);
}

#[test]
fn handles_that_are_gone_or_made_up_are_errors() {
    let mut runtime = Runtime::new(Capabilities::none()).unwrap();
    let module = runtime.compile(wasm("(module (func (export \"f\")))")).unwrap();
    let first = runtime.instantiate(module, WasiConfig::new()).unwrap();
    runtime.drop_module(module).unwrap();
    assert_eq!(code(runtime.drop_module(module)), 5004);
    assert_eq!(code(runtime.module_exports(module)), 5004);
    assert_eq!(code(runtime.instantiate(module, WasiConfig::new())), 5004);
    // Instances outlive their module, and know its exports.
    assert!(runtime.call(first, "f", &[]).unwrap().is_empty());
    assert_eq!(runtime.instance_exports(first).unwrap()[0].to_string(), "\"f\": func [] -> []");
    runtime.drop_instance(first).unwrap();
    let module = runtime.compile(wasm("(module)")).unwrap();
    let second = runtime.instantiate(module, WasiConfig::new()).unwrap();
    assert_ne!(first, second);
    for gone in [first, InstanceId::from_number(0), InstanceId::from_number(u64::MAX)] {
        assert_eq!(code(runtime.call(gone, "f", &[])), 5005);
        assert_eq!(code(runtime.instance_exports(gone)), 5005);
        assert_eq!(code(runtime.memory_size(gone)), 5005);
        assert_eq!(code(runtime.fuel(gone)), 5005);
        assert_eq!(code(runtime.drop_instance(gone)), 5005);
    }
    // A number of the one kind is none of the other.
    assert_eq!(code(runtime.module_exports(ModuleId::from_number(second.number()))), 5004);
    assert_eq!(code(runtime.memory_size(second)), 5003);
}

#[test]
fn memory_is_read_and_written() {
    let (mut runtime, id) = instance(
        "(module (memory (export \"m\") 1 2) (func (export \"f\") (param i32) (result i32)
            (i32.load8_u (local.get 0))))",
    );
    runtime.memory_write(id, 65_535, &[7]).unwrap();
    assert_eq!(runtime.call(id, "f", &[65_535.into()]).unwrap(), [Value::I32(7)]);
    assert_eq!(runtime.memory_read(id, 65_534, 2).unwrap(), [0, 7]);
    assert_eq!(runtime.memory_grow(id, 1).unwrap(), 1);
    assert_eq!(runtime.memory_size(id).unwrap(), 131_072);
    assert_eq!(runtime.memory_read(id, 131_072, 0).unwrap(), []);
}

#[test]
fn fuel_limits_and_interrupts() {
    let config = Config::new().fuel(true).interrupts(true);
    let mut runtime = Runtime::with_config(config, Capabilities::none()).unwrap();
    runtime.set_initial_fuel(100);
    runtime.set_limits(Limits { memory_bytes: 65_536, ..Limits::default() });
    let text = "(module (memory (export \"memory\") 1)
        (func (export \"loop\") (loop (br 0))) (func (export \"f\")))";
    let module = runtime.compile(wasm(text)).unwrap();
    let id = runtime.instantiate(module, WasiConfig::new()).unwrap();
    assert_eq!(code(runtime.call(id, "loop", &[])), 5011);
    assert_eq!(code(runtime.memory_grow(id, 1)), 5006);
    runtime.set_fuel(id, u64::MAX).unwrap();
    assert!(runtime.fuel(id).unwrap().unwrap() > 1 << 62);
    let handle = runtime.interrupt_handle(id).unwrap();
    let stop = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        handle.interrupt();
    });
    let error = runtime.call(id, "loop", &[]).unwrap_err();
    stop.join().unwrap();
    assert_eq!(error.engine_error().unwrap().trap(), Some(Trap::Interrupted));
    assert_eq!(code(runtime.call(id, "f", &[])), 0);
    let start = runtime.compile(wasm("(module (func $f (loop (br 0))) (start $f))")).unwrap();
    assert_eq!(code(runtime.instantiate(start, WasiConfig::new())), 5011);
}

/// A command that writes its arguments, a variable and a file of its directory.
const COMMAND: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "file")
    (func $say (param $at i32) (param $len i32)
        (i32.store (i32.const 16) (local.get $at)) (i32.store (i32.const 20) (local.get $len))
        (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))))
    (func (export "_start")
        (drop (call $args (i32.const 100) (i32.const 200)))
        (call $say (i32.const 200) (i32.const 6))
        (drop (call $env (i32.const 100) (i32.const 200)))
        (call $say (i32.const 200) (i32.const 4))
        (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0)
                (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32))
            (then (call $exit (i32.const 99))))
        (i32.store (i32.const 16) (i32.const 300)) (i32.store (i32.const 20) (i32.const 5))
        (drop (call $read (i32.load (i32.const 32)) (i32.const 16) (i32.const 1) (i32.const 24)))
        (call $say (i32.const 300) (i32.const 5))
        (call $exit (i32.const 7))))"#;

#[test]
fn a_command_gets_what_the_configuration_gives() {
    let folder = Folder::new("command");
    folder.put("data/file", b"hello");
    let mut runtime = Runtime::new(Capabilities::none().preopen(&folder.0)).unwrap();
    let module = runtime.compile(wasm(COMMAND)).unwrap();
    let out = Capture::new();
    let config = WasiConfig::new().args(["a", "b"]).arg("c").env("K", "V").stdout(out.clone());
    let config = config.preopen_ro(folder.0.join("data"), "/");
    let id = runtime.instantiate(module, config).unwrap();
    let error = runtime.call(id, "_start", &[]).unwrap_err();
    assert_eq!((error.code(), error.exit_code()), (Code::CallError, Some(7)));
    assert_eq!(out.contents(), b"a\0b\0c\0K=V\0hello");
}

#[test]
fn reactors_are_initialised() {
    let (mut runtime, id) = instance(
        "(module (global $n (mut i32) (i32.const 0))
            (func (export \"_initialize\") (global.set $n (i32.const 6)))
            (func (export \"get\") (result i32) (global.get $n)))",
    );
    assert_eq!(runtime.call(id, "get", &[]).unwrap(), [Value::I32(6)]);
}

#[test]
fn files_are_compiled_only_if_a_pattern_allows_it() {
    let folder = Folder::new("load");
    let module = wasm("(module)");
    let allowed = folder.put("mods/a.wasm", &module);
    let deep = folder.put("mods/x/y/b.wasm", &module);
    let other = folder.put("secret/c.wasm", &module);
    folder.put("mods/bad.wasm", b"no module");
    symlink(&other, folder.0.join("mods/link.wasm")).unwrap();
    symlink(folder.0.join("mods"), folder.0.join("alias")).unwrap();
    let capabilities = Capabilities::none().load(folder.0.join("alias/*.wasm"));
    let mut runtime = Runtime::new(capabilities).unwrap();
    for path in [&allowed, &folder.0.join("alias/a.wasm"), &folder.0.join("secret/../mods/a.wasm")]
    {
        assert_eq!(code(runtime.compile_file(path)), 0, "{path:?}");
    }
    for path in ["mods/link.wasm", "secret/c.wasm", "mods/x/y/b.wasm", "mods/../secret/c.wasm"] {
        assert_eq!(code(runtime.compile_file(folder.0.join(path))), 5009, "{path}");
    }
    // What does not exist is told only where one may look.
    for (path, expected) in [
        ("mods/none.wasm", 5008),
        ("alias/none.wasm", 5008),
        ("secret/none.wasm", 5009),
        ("nowhere/../secret/none.wasm", 5009),
        ("mods/bad.wasm", 5000),
        ("mods/a.txt", 5009),
    ] {
        assert_eq!(code(runtime.compile_file(folder.0.join(path))), expected, "{path}");
    }
    let mut runtime = Runtime::new(Capabilities::none().load(folder.0.join("**/b.wasm"))).unwrap();
    assert_eq!(code(runtime.compile_file(&deep)), 0);
    assert_eq!(code(runtime.compile_file(&allowed)), 5009);
    let mut everything = Runtime::new(Capabilities::all()).unwrap();
    assert_eq!(code(everything.compile_file(&other)), 0);
    assert_eq!(code(everything.compile_file(folder.0.join("none"))), 5008);
}

#[test]
fn wildcards_in_the_name_of_the_folder_are_none() {
    let folder = Folder::new("a*b");
    let beside = Folder::new("axxb");
    let module = wasm("(module)");
    let inside = folder.put("m/m.wasm", &module);
    let outside = beside.put("m/m.wasm", &module);
    let manifest =
        folder.put("app.toml", b"[capabilities.wasm]\nload = ['m/*.wasm']\npreopens = ['m']");
    let mut runtime = Runtime::new(Capabilities::from_manifest(manifest).unwrap()).unwrap();
    assert_eq!(code(runtime.compile_file(inside)), 0);
    assert_eq!(code(runtime.compile_file(outside)), 5009);
}

#[test]
fn directories_are_given_only_if_they_are_named() {
    let folder = Folder::new("preopen");
    folder.put("data/sub/f", b"");
    folder.put("secret/f", b"");
    symlink(folder.0.join("secret"), folder.0.join("data/link")).unwrap();
    let manifest = folder.put("app.toml", b"[capabilities.wasm]\npreopens = ['data', 'none']");
    let mut runtime = Runtime::new(Capabilities::from_manifest(manifest).unwrap()).unwrap();
    let module = runtime.compile(wasm("(module)")).unwrap();
    for (path, expected) in [
        ("data", 0),
        ("data/sub", 0),
        ("data/link", 5009),
        ("secret", 5009),
        ("data/..", 5009),
        ("data2", 5009),
        ("data/none", 5008),
        ("data/sub/f", 5010),
    ] {
        let config = WasiConfig::new().preopen(folder.0.join(path), "/");
        assert_eq!(code(runtime.instantiate(module, config)), expected, "{path}");
    }
}

#[test]
fn a_manifest_is_read_with_its_errors() {
    let folder = Folder::new("manifest");
    assert_eq!(code(Capabilities::from_manifest(folder.0.join("none.toml"))), 5008);
    for (text, word) in [
        ("", "[capabilities.wasm]"),
        ("[capabilities.wasm]\nload = 'x'", "list of strings"),
        ("[capabilities.wasm]\nother = []", "`other`"),
        ("[[", "TOML"),
    ] {
        let path = folder.put("app.toml", text.as_bytes());
        let error = Capabilities::from_manifest(path).unwrap_err();
        assert_eq!(error.code(), Code::PermissionDenied);
        assert!(error.message().contains(word), "{error}");
    }
}
