//! What was executed, by the names that listings give: for a counting build.

use super::compiled::CompiledModule;
use super::run::{outside, translate_function};
use crate::rt::store::Store;
use crate::wasm::error::Error;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

/// How often instructions were executed, the most frequent ones first.
///
/// Instructions have the names that `Module::disassemble` gives them, with `_` for the numbers of
/// slots, constants, offsets and functions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dispatches {
    /// All of them.
    pub total: u64,
    /// By name.
    pub handlers: Vec<(String, u64)>,
    /// By the names of an instruction and of the one executed next.
    pub pairs: Vec<([String; 2], u64)>,
}

/// What was executed in a store so far, by instances that are there.
///
/// # Errors
/// A function that was translated cannot be translated again.
pub fn dispatches(store: &mut Store) -> Result<Dispatches, Error> {
    let pairs = store.head.counts.pairs();
    let mut executed: Vec<usize> = pairs.iter().map(|&((_, ip), _)| ip).collect();
    executed.sort_unstable();
    executed.dedup();
    let names = Names::of(store, &executed)?;
    let mut handlers: BTreeMap<&str, u64> = BTreeMap::new();
    let mut neighbours: BTreeMap<[&str; 2], u64> = BTreeMap::new();
    for &((last, ip), count) in &pairs {
        let name = names.at(ip);
        *handlers.entry(name).or_default() += count;
        if last != 0 {
            *neighbours.entry([names.at(last), name]).or_default() += count;
        }
    }
    let mut result = Dispatches {
        total: pairs.iter().map(|(_, count)| count).sum(),
        handlers: handlers.into_iter().map(|(name, n)| (name.to_owned(), n)).collect(),
        pairs: neighbours.into_iter().map(|(pair, n)| (pair.map(ToOwned::to_owned), n)).collect(),
    };
    result.handlers.sort_by_key(|&(_, count)| Reverse(count));
    result.pairs.sort_by_key(|&(_, count)| Reverse(count));
    Ok(result)
}

/// The names of instructions, by their addresses.
struct Names(HashMap<usize, String>);
impl Names {
    /// Those of the addresses, which are in ascending order.
    fn of(store: &Store, executed: &[usize]) -> Result<Names, Error> {
        let mut names = HashMap::new();
        let mut known: Vec<usize> = Vec::new();
        for module in store.modules() {
            let Some(module) = module.downcast_ref::<CompiledModule>() else { continue };
            if !known.contains(&module.id()) {
                known.push(module.id());
                names_of_module(module, executed, &mut names)?;
            }
        }
        Ok(Names(names))
    }
    fn at(&self, ip: usize) -> &str {
        let inside = self.0.get(&ip).map(String::as_str);
        inside.or_else(|| outside(ip)).unwrap_or("of a module that is gone")
    }
}

fn names_of_module(
    module: &CompiledModule,
    executed: &[usize],
    names: &mut HashMap<usize, String>,
) -> Result<(), Error> {
    for func in 0..module.module.code.len() as u32 {
        let Some(code) = module.code.get(func) else { continue };
        let start = code.words.as_ptr() as usize;
        let first = executed.partition_point(|&ip| ip < start);
        if executed.get(first).is_none_or(|&ip| code.position(ip).is_none()) {
            continue;
        }
        // Translation does the same each time: the texts are at the places of what was executed.
        for (at, _, text) in translate_function(module, func, true)?.listing {
            let ip = start + at as usize;
            if executed.binary_search(&ip).is_ok() {
                names.insert(ip, name(&text));
            }
        }
    }
    Ok(())
}

/// The text of an instruction with `_` for its numbers; those of registers are part of the name.
fn name(text: &str) -> String {
    let mut name = String::new();
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        if first.is_ascii_digit() {
            if name.ends_with(['-', '+']) {
                name.pop();
            }
            name.push('_');
        } else {
            name.push_str(word);
        }
    }
    name
}
