//! Command lines, and what they print: `golden.txt`. `WASMVM_BLESS=1 cargo test --test cli` writes
//! it anew; what it says then is to be read.

use super::Files;
use std::path::Path;

/// The text of the table, with what the commands print now.
fn run(table: &str) -> String {
    let files = Files::new(&[]);
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/files");
    copy(&here, "", &files);
    let mut text = String::new();
    for line in table.lines() {
        let Some(words) = line.strip_prefix("$ wasmvm") else {
            // What was printed is printed anew; comments stay.
            if line.starts_with('#') || line.is_empty() {
                text += &format!("{line}\n");
            }
            continue;
        };
        let words = split(words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let outcome = files.run(&words);
        text += &format!("{line}\n= {}\n", outcome.code);
        for (mark, output) in [("1", outcome.out), ("2", outcome.err)] {
            let output = output.replace(files.0.to_str().unwrap(), "HERE");
            text.extend(
                output.lines().map(|line| format!("{mark} {line}").trim_end().to_owned() + "\n"),
            );
        }
    }
    text
}

fn copy(from: &Path, to: &str, files: &Files) {
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let name = format!("{to}{}", entry.file_name().to_str().unwrap());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &format!("{name}/"), files),
            false => files.put(&name, &std::fs::read(entry.path()).unwrap()),
        }
    }
}

/// The words of a command line; `''` is an empty one.
fn split(line: &str) -> Vec<String> {
    let words = line.split_whitespace();
    words.map(|word| if word == "''" { String::new() } else { word.to_owned() }).collect()
}

#[test]
fn command_lines_print_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/golden.txt");
    let expected = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    let lines = expected.lines().filter(|line| line.starts_with("$ ")).count();
    assert!(lines >= 40, "{lines} command lines");
    let printed = run(&expected);
    if std::env::var_os("WASMVM_BLESS").is_some() {
        std::fs::write(&path, printed).unwrap();
        return;
    }
    for (number, (expected, printed)) in expected.lines().zip(printed.lines()).enumerate() {
        assert_eq!(printed, expected, "line {} of tests/cli/golden.txt", number + 1);
    }
    assert_eq!(printed, expected);
}
