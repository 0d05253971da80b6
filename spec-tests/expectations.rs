//! The list of known failures. It may only shrink: a failure that is not listed fails the run, and
//! so does an entry that passes.

use std::collections::{BTreeMap, BTreeSet};

/// What is listed for one file.
#[derive(Default, Debug)]
struct Entry {
    whole: bool,
    lines: BTreeSet<usize>,
}

/// The list.
#[derive(Debug)]
pub struct Expectations(BTreeMap<String, Entry>);

impl Expectations {
    /// Reads `path:line  reason` and `path  reason`; `#` begins a comment. A place that ends with
    /// `@complete` or `@bundled` counts for that origin of the suite only: versions differ.
    pub fn parse(text: &str, complete: bool) -> Result<Expectations, String> {
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |what: &str| format!("expectations.txt:{}: {what}", number + 1);
            let (place, reason) = line.split_once("  ").ok_or_else(|| wrong("no reason"))?;
            if reason.trim().is_empty() {
                return Err(wrong("no reason"));
            }
            let (place, origin) = place.split_once('@').unwrap_or((place, ""));
            match origin {
                "complete" if !complete => continue,
                "bundled" if complete => continue,
                "" | "complete" | "bundled" => {}
                _ => return Err(wrong("not an origin")),
            }
            match place.split_once(':') {
                None => entries.entry(place.to_string()).or_default().whole = true,
                Some((path, line)) => {
                    let line = line.parse().map_err(|_| wrong("not a line number"))?;
                    entries.entry(path.to_string()).or_default().lines.insert(line);
                }
            }
        }
        Ok(Expectations(entries))
    }

    /// Whether a failure at this line of this file is known.
    pub fn covers(&self, path: &str, line: usize) -> bool {
        self.0.get(path).is_some_and(|entry| entry.whole || entry.lines.contains(&line))
    }

    /// The entries for a file that has been run and that no failure justifies any more.
    pub fn stale(&self, path: &str, failed: &BTreeSet<usize>) -> Vec<String> {
        let Some(entry) = self.0.get(path) else { return Vec::new() };
        let mut stale = Vec::new();
        if entry.whole && failed.is_empty() {
            stale.push(path.to_string());
        }
        stale.extend(entry.lines.difference(failed).map(|line| format!("{path}:{line}")));
        stale
    }
}
