//! What a reader may rely on in every file: its length, what an `unsafe` block says for itself, no
//! unfinished code, and a map of the documents that leads somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Files that are tables, or one match over a table: as long as what they list.
const TABLES: &[&str] = &["src/wasm/instr.rs", "src/wasm/ops.rs", "src/exec/table.rs"];

const MAX_LINES: usize = 800;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Our Rust files, by their path from the root of the project.
fn rust_files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for part in ["src", "spec-tests", "tests", "benches", "fuzz"] {
        collect(&root().join(part), &mut files);
    }
    files.sort();
    let named = |path: PathBuf| {
        let relative = path.strip_prefix(root()).expect("below the root");
        let name = relative.to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(&path).expect("a readable file"))
    };
    files.into_iter().map(named).collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn files_are_short() {
    let mut wrong = Vec::new();
    for (name, text) in rust_files() {
        let lines = text.lines().count();
        if lines > MAX_LINES && !TABLES.contains(&name.as_str()) {
            wrong.push(format!("{name}: {lines} lines; more than {MAX_LINES} are a second file"));
        }
    }
    assert_none(&wrong);
}

#[test]
fn nothing_is_left_open() {
    // Spelled in two parts, or this file would find itself.
    let open = ["todo", "unimplemented", "dbg"].map(|name| format!("{name}!("));
    let mut wrong = Vec::new();
    for (name, text) in rust_files() {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for word in open.iter().filter(|word| code.contains(word.as_str())) {
                wrong.push(format!("{name}:{}: {word}…)", number + 1));
            }
        }
    }
    assert_none(&wrong);
}

/// The tags that docs/INVARIANTS.md defines: `**E1…`.
fn invariants() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("docs/INVARIANTS.md")).expect("docs/INVARIANTS.md");
    let mut tags = BTreeSet::new();
    for (at, _) in text.match_indices("**") {
        tags.extend(tag(&text[at + 2..]));
    }
    tags
}

/// A tag at the beginning of a text: a capital and a number.
fn tag(text: &str) -> Option<String> {
    let letter = text.chars().next().filter(char::is_ascii_uppercase)?;
    let digits: String = text[1..].chars().take_while(char::is_ascii_digit).collect();
    let next = text[1 + digits.len()..].chars().next();
    let ends = next.is_none_or(|c| !c.is_alphanumeric());
    (!digits.is_empty() && ends).then(|| format!("{letter}{digits}"))
}

/// The tags of a `SAFETY:` comment: `E1, E2: because`.
fn cited(comment: &str) -> Vec<String> {
    let list = comment.split([':', '.', ';', '(']).next().unwrap_or_default();
    list.split(',').filter_map(|part| tag(part.trim())).collect()
}

#[test]
fn unsafe_blocks_cite_an_invariant() {
    let defined = invariants();
    let mut wrong = Vec::new();
    for (name, text) in rust_files().into_iter().filter(|(name, _)| name.starts_with("src/")) {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            if let Some(comment) = line.trim().strip_prefix("// SAFETY:") {
                let tags = cited(comment.trim());
                if tags.is_empty() {
                    wrong.push(format!("{name}:{}: SAFETY cites no invariant", at + 1));
                }
                for tag in tags.iter().filter(|tag| !defined.contains(*tag)) {
                    wrong.push(format!("{name}:{}: {tag} is not in docs/INVARIANTS.md", at + 1));
                }
            }
            if opens_unsafe(line) && !documented(&lines, at) {
                wrong.push(format!("{name}:{}: unsafe without a SAFETY comment", at + 1));
            }
        }
    }
    assert_none(&wrong);
}

/// An invariant that no code relies on is not true, or not needed.
#[test]
fn every_invariant_is_cited() {
    let mut cites = BTreeSet::new();
    let mut blocks = 0;
    for (_, text) in rust_files().into_iter().filter(|(name, _)| name.starts_with("src/")) {
        blocks += text.lines().filter(|line| opens_unsafe(line)).count();
        let comments = text.lines().filter_map(|line| line.split_once("SAFETY:"));
        cites.extend(comments.flat_map(|(_, comment)| cited(comment.trim())));
    }
    println!("{blocks} unsafe blocks and implementations");
    let missing: Vec<String> = invariants().difference(&cites).cloned().collect();
    assert_none(&missing);
}

/// Whether a line opens an `unsafe` block or implementation.
fn opens_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.contains("unsafe {") || code.contains("unsafe impl")
}

/// Whether a `SAFETY` comment stands in the lines before, or one covers the statement.
fn documented(lines: &[&str], at: usize) -> bool {
    lines[at.saturating_sub(8)..=at].iter().any(|line| line.contains("SAFETY:"))
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    let mut texts =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root().join(name)).to_vec();
    let docs = fs::read_dir(root().join("docs")).expect("docs");
    texts.extend(docs.flatten().map(|entry| entry.path()));
    texts.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    for path in texts {
        let text = fs::read_to_string(&path).expect("a readable file");
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split([')', '#']).next().unwrap_or_default();
            let outside = target.is_empty() || target.contains("://");
            if !outside && !path.parent().expect("a folder").join(target).exists() {
                wrong.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn every_document_is_on_the_map() {
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md");
    let mut wrong = Vec::new();
    for entry in fs::read_dir(root().join("docs")).expect("docs").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") && !readme.contains(&format!("(docs/{name})")) {
            wrong.push(format!("docs/{name} is not in README.md"));
        }
    }
    assert_none(&wrong);
}

#[test]
fn the_example_of_the_readme_is_compiled() {
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md");
    let example = fs::read_to_string(root().join("examples/embed.rs")).expect("the example");
    let code: String =
        example.lines().filter(|line| !line.starts_with("//!")).map(|l| format!("{l}\n")).collect();
    assert!(readme.contains(&code), "README.md and examples/embed.rs differ");
}

#[test]
fn the_readers_read() {
    assert_eq!(cited("E1, E2: fields"), ["E1", "E2"]);
    assert_eq!(cited("R1."), ["R1"]);
    assert!(cited("because it works").is_empty());
    assert_eq!(tag("H12 A pointer").as_deref(), Some("H12"));
    assert!(tag("HTTP").is_none() && tag("E1x").is_none());
}
