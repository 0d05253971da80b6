//! Imports go one way: `cli, capi, runtime, host → api → exec → rt → ir → wasm`.
//!
//! `host`, `runtime`, `cli` and `capi` see what every embedder sees: the crate root, and each other downwards.
//! A layer that needs something of a higher one is in the wrong place, or the thing is.

use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom to the top.
const LAYERS: &[&str] = &["wasm", "ir", "rt", "exec", "api", "host", "runtime", "capi", "cli"];
const API: usize = 4;

/// Modules that every layer may use: constants and locks.
const SHARED: &[&str] = &["tuning", "sync"];

#[test]
fn imports_go_one_way() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in rust_files(&source) {
        let relative = file.strip_prefix(&source).expect("a file below src");
        let Some(layer) = layer_of(relative) else { continue };
        let text = fs::read_to_string(&file).expect("a readable file");
        for (line, name) in crate_paths(&text) {
            if let Some(reason) = complaint(layer, &name) {
                wrong.push(format!("src/{}:{line}: crate::{name}: {reason}", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The layer of a file, by the folder (or file) directly below `src`; `None` for `lib.rs` and
/// `main.rs`, which tie the layers together.
fn layer_of(relative: &Path) -> Option<usize> {
    let first = relative.iter().next()?.to_str()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    LAYERS.iter().position(|layer| *layer == name)
}

fn complaint(layer: usize, name: &str) -> Option<String> {
    if SHARED.contains(&name) {
        return None;
    }
    match LAYERS.iter().position(|layer| *layer == name) {
        Some(used) if used > layer => Some(format!("{} is above {}", name, LAYERS[layer])),
        Some(used) if layer > API && used < API => {
            Some(format!("{} uses the public interface only", LAYERS[layer]))
        }
        // The crate root re-exports the API: names of types begin with a capital.
        None if layer < API && name.starts_with(char::is_uppercase) => {
            Some("the crate root is above everything but the hosts".to_string())
        }
        _ => None,
    }
}

/// The first name after every `crate::`, with its line; each one of `crate::{a, b::c}`.
fn crate_paths(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let code: Vec<&str> =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = code.join("\n");
    for (at, _) in code.match_indices("crate::") {
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => found.push((line, first_name(rest))),
            Some(group) => found.extend(members(group).into_iter().map(|name| (line, name))),
        }
    }
    found.retain(|(_, name)| !name.is_empty());
    found
}

fn first_name(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first names of a group's members, at its outermost level.
fn members(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(first_name(&group[start..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(first_name(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    names
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).expect("a readable folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn the_reader_of_paths_reads() {
    let text = "use crate::exec::run;\n// crate::cli\nuse crate::{rt::store::{A, B}, Trap};\n";
    let names: Vec<(usize, String)> = crate_paths(text);
    let expected = [(1, "exec"), (3, "rt"), (3, "Trap")];
    assert_eq!(names, expected.map(|(line, name)| (line, name.to_string())));
    assert!(complaint(2, "exec").is_some() && complaint(3, "rt").is_none());
    assert!(complaint(5, "rt").is_some() && complaint(5, "Trap").is_none());
    assert!(complaint(2, "Trap").is_some() && complaint(2, "tuning").is_none());
}
