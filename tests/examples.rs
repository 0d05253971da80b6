//! The examples that docs/embedding.md links run, and find what they expect.

/// A test for each: `main` is the example's.
macro_rules! examples { ($($name:ident $path:literal;)*) => { $(
    #[path = $path]
    mod $name;
    #[test]
    fn $name() -> Result<(), wasmvm::Error> {
        $name::main()
    }
)*
    const PATHS: &[&str] = &[$($path),*];
} }
#[cfg(feature = "async")]
#[path = "../examples/tasks.rs"]
mod tasks;
#[cfg(feature = "async")]
#[test]
fn tasks() -> Result<(), wasmvm::Error> {
    tasks::main()
}

examples! {
    greet "../examples/greet.rs";
    wasi "../examples/wasi.rs";
    state "../examples/state.rs";
    plugin "../examples/plugin.rs";
    job "../examples/job.rs";
    instances "../examples/instances.rs";
    objects "../examples/objects.rs";
}

#[test]
fn the_tutorial_links_each() {
    let text = include_str!("../docs/embedding.md");
    let missing: Vec<_> = PATHS
        .iter()
        .chain(&["../examples/tasks.rs"])
        .filter(|path| !text.contains(&format!("({path})")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The table of complaints names tests; all of them are there.
#[test]
fn every_answer_has_its_tests() {
    let text = include_str!("../docs/embedding.md");
    let (_, table) = text.split_once("## What others complain about").expect("the table");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api");
    let sources: String = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| std::fs::read_to_string(entry.expect("an entry").path()).expect("a file"))
        .collect();
    let mut count = 0;
    for row in table.lines().filter(|row| row.starts_with("| ") && !row.contains("| answer |")) {
        let tests = row.rsplit('|').nth(1).expect("the last column");
        let names: Vec<&str> =
            tests.split('`').skip(1).step_by(2).filter(|name| !name.contains('=')).collect();
        assert!(!names.is_empty(), "{row}");
        for name in names {
            assert!(sources.contains(&format!("fn {name}()")), "{name}");
            count += 1;
        }
    }
    assert!(count >= 14, "{count}");
}
