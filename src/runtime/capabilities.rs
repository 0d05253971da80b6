//! What a host may be asked for: which modules may be compiled from files, and which directories
//! given to guests. Built in code, or read from a manifest:
//!
//! ```toml
//! [capabilities.wasm]
//! load = ["app.wasm", "lib/**/*.wasm", "~/modules/*.wasm"]
//! preopens = ["data"]
//! ```

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::{Code, Error};

/// Which modules may be compiled from files, and which directories may be given to guests: by
/// default none.
///
/// Paths are compared after symbolic links are resolved. In a pattern `?` is a character of a
/// name, `*` any number of them, `**` any number of directories; `~` at the beginning is the home
/// directory.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Capabilities {
    everything: bool,
    load: Vec<Pattern>,
    /// Directories, resolved.
    preopens: Vec<PathBuf>,
}

impl Capabilities {
    /// Nothing.
    pub fn none() -> Capabilities {
        Capabilities::default()
    }

    /// Everything: for hosts that trust whoever names the paths.
    pub fn all() -> Capabilities {
        Capabilities { everything: true, ..Capabilities::default() }
    }

    /// Files of this pattern may be compiled too. A relative one begins at the current directory.
    pub fn load(self, pattern: impl AsRef<Path>) -> Capabilities {
        self.load_from(pattern.as_ref(), &here())
    }

    fn load_from(mut self, pattern: &Path, directory: &Path) -> Capabilities {
        self.load.push(Pattern::new(pattern, directory));
        self
    }

    /// This directory, and those beneath it, may be given to guests too. One that does not exist
    /// can never be given.
    pub fn preopen(self, directory: impl AsRef<Path>) -> Capabilities {
        self.preopen_from(directory.as_ref(), &here())
    }

    fn preopen_from(mut self, path: &Path, directory: &Path) -> Capabilities {
        self.preopens.extend(absolute(path, directory).canonicalize());
        self
    }

    /// What a manifest allows; its relative paths begin at its directory.
    ///
    /// # Errors
    /// 5008: it cannot be read; 5009: it is no manifest, and so allows nothing.
    #[cfg(feature = "manifest")]
    pub fn from_manifest(path: impl AsRef<Path>) -> Result<Capabilities, Error> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)?;
        let directory = path.canonicalize()?;
        let directory = directory.parent().unwrap_or(Path::new("/"));
        parse(&text, directory).map_err(|why| Error::new(Code::PermissionDenied, why))
    }

    /// The file, resolved, if a module may be compiled from it.
    ///
    /// # Errors
    /// 5009: it may not, whether it exists or not; 5008: there is no such file.
    pub fn check_load(&self, path: impl AsRef<Path>) -> Result<PathBuf, Error> {
        let allows = |file: &Path| self.load.iter().any(|pattern| pattern.matches(file));
        self.check(path.as_ref(), allows, "no capability to load this module")
    }

    /// The directory, resolved, if it may be given to a guest: one that was named, or is beneath
    /// one.
    ///
    /// # Errors
    /// 5009: it may not, whether it exists or not; 5008: there is no such directory.
    pub fn check_preopen(&self, path: impl AsRef<Path>) -> Result<PathBuf, Error> {
        let allows = |path: &Path| self.preopens.iter().any(|allowed| path.starts_with(allowed));
        self.check(path.as_ref(), allows, "no capability to expose this directory")
    }

    fn check(
        &self,
        path: &Path,
        allows: impl Fn(&Path) -> bool,
        denied: &'static str,
    ) -> Result<PathBuf, Error> {
        let (resolved, missing) = resolve(path);
        if !self.everything && !allows(&resolved) {
            return Err(Error::new(Code::PermissionDenied, denied));
        }
        match missing {
            Some(error) => Err(error.into()),
            None => Ok(resolved),
        }
    }
}

fn here() -> PathBuf {
    // Without a current directory relative paths lead nowhere.
    std::env::current_dir().unwrap_or_default()
}

/// What a path leads to. If there is nothing, what the part of it that exists leads to and then
/// the rest, so that nobody learns what exists where he may not look; and why there is nothing.
fn resolve(path: &Path) -> (PathBuf, Option<io::Error>) {
    let error = match path.canonicalize() {
        Ok(resolved) => return (resolved, None),
        Err(error) => error,
    };
    let mut known = here().join(path);
    let mut rest = Vec::new();
    while let Some(name) = known.file_name().map(ToOwned::to_owned) {
        known.pop();
        rest.push(name);
        if let Ok(known) = known.canonicalize() {
            return (rest.iter().rev().fold(known, |path, name| path.join(name)), Some(error));
        }
    }
    // A `..` after what does not exist leads nowhere that could be allowed.
    (PathBuf::new(), Some(error))
}

/// A pattern of files.
#[derive(Clone, Debug)]
struct Pattern {
    /// What comes before the first component with a wildcard, resolved.
    root: PathBuf,
    /// The others; empty if there are none.
    rest: PathBuf,
}

impl Pattern {
    fn new(pattern: &Path, directory: &Path) -> Pattern {
        let wild =
            |part: &Component<'_>| part.as_os_str().as_bytes().iter().any(|b| b"*?".contains(b));
        let root: PathBuf = pattern.components().take_while(|part| !wild(part)).collect();
        let rest = pattern.components().skip_while(|part| !wild(part)).collect();
        let root = absolute(&root, directory);
        // What is not there yet may come; then it must be there, and not elsewhere by a link.
        Pattern { root: root.canonicalize().unwrap_or(root), rest }
    }

    fn matches(&self, file: &Path) -> bool {
        let Ok(rest) = file.strip_prefix(&self.root) else { return false };
        matches(self.rest.as_os_str().as_bytes(), rest.as_os_str().as_bytes())
    }
}

/// A path or pattern from the root; `~` is the home directory.
fn absolute(path: &Path, directory: &Path) -> PathBuf {
    let home = || std::env::var_os("HOME").map(PathBuf::from);
    match path.strip_prefix("~").ok().zip(home()) {
        Some((rest, home)) => home.join(rest),
        None => directory.join(path),
    }
}

#[cfg(feature = "manifest")]
fn parse(text: &str, directory: &Path) -> Result<Capabilities, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let wasm = table.get("capabilities").and_then(|all| all.get("wasm"));
    let Some(wasm) = wasm.and_then(toml::Value::as_table) else {
        return Err("there is no table [capabilities.wasm]".into());
    };
    if let Some(name) = wasm.keys().find(|name| !["load", "preopens"].contains(&name.as_str())) {
        return Err(format!("[capabilities.wasm] has no `{name}`, only load and preopens"));
    }
    let mut capabilities = Capabilities::none();
    for pattern in list(wasm, "load")? {
        capabilities = capabilities.load_from(Path::new(pattern), directory);
    }
    for path in list(wasm, "preopens")? {
        capabilities = capabilities.preopen_from(Path::new(path), directory);
    }
    Ok(capabilities)
}

#[cfg(feature = "manifest")]
fn list<'a>(table: &'a toml::Table, name: &str) -> Result<Vec<&'a str>, String> {
    let wrong = || format!("`{name}` should be a list of strings");
    let Some(value) = table.get(name) else { return Ok(Vec::new()) };
    let values = value.as_array().ok_or_else(wrong)?;
    values.iter().map(|value| value.as_str().ok_or_else(wrong)).collect()
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
    #[cfg(feature = "manifest")]
    fn manifests() {
        let parse = |text| parse(text, Path::new("/"));
        let text = "[capabilities.wasm]\nload = ['x/*.wasm']\npreopens = ['tmp', 'not-there']\n";
        let manifest = parse(text).unwrap();
        assert!(manifest.load[0].matches(Path::new("/x/a.wasm")));
        assert!(!manifest.load[0].matches(Path::new("/y/a.wasm")));
        assert_eq!(manifest.preopens.len(), 1);
        assert!(manifest.check_preopen("/tmp").is_ok());
        assert!(manifest.check_preopen("/").is_err());
        assert!(manifest.check_load("/tmp").is_err());
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
