//! `--manifest`: which modules may be loaded and which directories given to them.
//!
//! ```toml
//! [capabilities.wasm]
//! load = ["app.wasm", "lib/**/*.wasm", "~/modules/*.wasm"]
//! preopens = ["data"]
//! ```

use std::path::{Component, Path, PathBuf};

use super::Failure;

/// What a manifest allows. Paths are compared after symbolic links are resolved.
#[derive(Debug)]
pub(super) struct Manifest {
    /// Absolute patterns of files.
    load: Vec<String>,
    /// Directories.
    preopens: Vec<PathBuf>,
}

impl Manifest {
    /// Reads a manifest; its relative paths begin at its directory.
    pub(super) fn read(path: &Path) -> Result<Manifest, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::load(path, error))?;
        let directory = path.canonicalize().map_err(|error| Failure::load(path, error))?;
        let directory = directory.parent().unwrap_or(Path::new("/"));
        Manifest::parse(&text, directory).map_err(|why| Failure::load(path, why))
    }

    fn parse(text: &str, directory: &Path) -> Result<Manifest, String> {
        let table: toml::Table =
            text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        let wasm = table.get("capabilities").and_then(|all| all.get("wasm"));
        let Some(wasm) = wasm.and_then(toml::Value::as_table) else {
            return Err("there is no table [capabilities.wasm]".into());
        };
        if let Some(name) = wasm.keys().find(|name| !["load", "preopens"].contains(&name.as_str()))
        {
            return Err(format!("[capabilities.wasm] has no `{name}`, only load and preopens"));
        }
        let mut load = Vec::new();
        for pattern in list(wasm, "load")? {
            load.push(resolved(&absolute(&pattern, directory)).to_string_lossy().into_owned());
        }
        let mut preopens = Vec::new();
        for path in list(wasm, "preopens")? {
            // What does not exist cannot be given either.
            preopens.extend(absolute(&path, directory).canonicalize());
        }
        Ok(Manifest { load, preopens })
    }

    /// Whether a module may be loaded.
    pub(super) fn check_load(&self, path: &Path) -> Result<(), String> {
        let file = path.canonicalize().map_err(|error| error.to_string())?;
        let file = file.to_string_lossy();
        match self.load.iter().any(|pattern| matches(pattern.as_bytes(), file.as_bytes())) {
            true => Ok(()),
            false => Err("the manifest does not allow to load it".into()),
        }
    }

    /// Whether a directory may be given: one that is listed, or is beneath one.
    pub(super) fn check_preopen(&self, path: &Path) -> Result<(), String> {
        let directory = path.canonicalize().map_err(|error| error.to_string())?;
        match self.preopens.iter().any(|allowed| directory.starts_with(allowed)) {
            true => Ok(()),
            false => Err("the manifest does not allow to give this directory".into()),
        }
    }
}

fn list(table: &toml::Table, name: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("`{name}` should be a list of strings");
    let Some(value) = table.get(name) else { return Ok(Vec::new()) };
    let values = value.as_array().ok_or_else(wrong)?;
    values.iter().map(|value| value.as_str().map(Into::into).ok_or_else(wrong)).collect()
}

/// A path or pattern from the root; `~` is the home directory.
fn absolute(path: &str, directory: &Path) -> PathBuf {
    let home = || std::env::var_os("HOME").map(PathBuf::from);
    match path.strip_prefix("~/").and_then(|rest| Some((home()?, rest))) {
        Some((home, rest)) => home.join(rest),
        None if path == "~" => home().unwrap_or_else(|| path.into()),
        None => directory.join(path),
    }
}

/// Resolves what comes before the first component with a wildcard.
fn resolved(pattern: &Path) -> PathBuf {
    let wild = |part: &Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?']);
    let plain: PathBuf = pattern.components().take_while(|part| !wild(part)).collect();
    let rest: PathBuf = pattern.components().skip_while(|part| !wild(part)).collect();
    let plain = plain.canonicalize().unwrap_or(plain);
    if rest.as_os_str().is_empty() { plain } else { plain.join(rest) }
}

/// Whether a path matches: `?` is a character of a name, `*` any number of them, `**` any number
/// of directories too.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    // Where to go on if what was tried does not fit: after the last star, one byte further.
    let (mut p, mut s) = (0, 0);
    let mut retry: Option<(usize, usize, bool)> = None;
    let mut outer: Option<(usize, usize)> = None;
    loop {
        if pattern[p..].starts_with(b"**") {
            p += 2;
            // `**/` is also no directory at all.
            if pattern[p..].starts_with(b"/") && matches(&pattern[p + 1..], &path[s..]) {
                return true;
            }
            outer = Some((p, s));
            retry = Some((p, s, true));
        } else if pattern.get(p) == Some(&b'*') {
            p += 1;
            retry = Some((p, s, false));
        } else if s < path.len() && fits(pattern.get(p), path[s]) {
            (p, s) = (p + 1, s + 1);
        } else if p == pattern.len() && s == path.len() {
            return true;
        } else {
            let Some((after, from, deep)) = retry else { return false };
            if from < path.len() && (deep || path[from] != b'/') {
                retry = Some((after, from + 1, deep));
                (p, s) = (after, from + 1);
                if deep {
                    outer = Some((after, from + 1));
                }
            } else if let (false, Some((after, from))) = (deep, outer) {
                if from == path.len() {
                    return false;
                }
                outer = Some((after, from + 1));
                retry = Some((after, from + 1, true));
                (p, s) = (after, from + 1);
            } else {
                return false;
            }
        }
    }
}

fn fits(pattern: Option<&u8>, byte: u8) -> bool {
    pattern.is_some_and(|&wanted| wanted == byte || (wanted == b'?' && byte != b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let matches = |pattern: &str, path: &str| matches(pattern.as_bytes(), path.as_bytes());
        for (pattern, path) in [
            ("/a/b.wasm", "/a/b.wasm"),
            ("/a/*.wasm", "/a/b.wasm"),
            ("/a/*.wasm", "/a/.wasm"),
            ("/a/?.wasm", "/a/b.wasm"),
            ("/a/**/*.wasm", "/a/b.wasm"),
            ("/a/**/*.wasm", "/a/b/c/d.wasm"),
            ("/a/**", "/a/b/c"),
            ("/**/x/*.wasm", "/a/x/b/x/c.wasm"),
            ("/*/*b*", "/aaa/abab"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("/a/b.wasm", "/a/b.wasmx"),
            ("/a/*.wasm", "/a/b/c.wasm"),
            ("/a/?.wasm", "/a//.wasm"),
            ("/a/?.wasm", "/a/.wasm"),
            ("/a/**/*.wasm", "/ab/c.wasm"),
            ("/a/**/*.wasm", "/a/b.wat"),
            ("", "/a"),
            ("/a", ""),
            ("/**/x/*.wasm", "/a/x/b/c.wasm"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
        // In time linear in the lengths' product, not exponential.
        assert!(!matches(&"*a".repeat(60), &"a".repeat(59)));
    }

    #[test]
    fn manifests() {
        let parse = |text| Manifest::parse(text, Path::new("/"));
        let text = "[capabilities.wasm]\nload = ['x/*.wasm']\npreopens = ['tmp', 'not-there']\n";
        let manifest = parse(text).unwrap();
        assert_eq!(manifest.load, ["/x/*.wasm"]);
        assert_eq!(manifest.preopens.len(), 1);
        assert!(manifest.check_preopen(Path::new("/tmp")).is_ok());
        assert!(manifest.check_preopen(Path::new("/")).is_err());
        assert!(manifest.check_load(Path::new("/tmp")).is_err());
        for wrong in [
            "",
            "[capabilities]",
            "[capabilities.wasm]\nload = 'x'",
            "[capabilities.wasm]\nload = [1]",
            "[capabilities.wasm]\nlaod = []",
            "[[",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
