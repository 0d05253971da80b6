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
    let missing: Vec<_> =
        PATHS.iter().filter(|path| !text.contains(&format!("({path})"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
