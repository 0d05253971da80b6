//! Values and ends of calls, as all engines have them.

/// A value, or what can be compared of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(u128),
    Null,
    I31(i32),
    /// Not null; which one it is depends on the engine.
    Reference,
}

/// How a call, or an instantiation, ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum End {
    Values(Vec<Value>),
    Trap(&'static str),
    Exception,
    /// A limit of the engine: what happens afterwards need not agree.
    Limit,
    Other(String),
}

/// What an export holds in the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum State {
    Memory { pages: u64, digest: u64 },
    Table { size: u64, nulls: Vec<bool> },
    Global(Value),
}

/// All that a run shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Trace {
    pub ends: Vec<End>,
    /// Empty if a limit was reached.
    pub state: Vec<(String, State)>,
}

/// Compares two runs: how many calls agree, and whether a limit ended it; or the difference.
pub fn compare(a: &Trace, b: &Trace) -> Result<(u32, bool), String> {
    for (i, (x, y)) in a.ends.iter().zip(&b.ends).enumerate() {
        if *x == End::Limit || *y == End::Limit {
            return Ok((i as u32, true));
        }
        if x != y {
            return Err(format!("end {i}: {x:?}, {y:?}"));
        }
    }
    if a.ends.len() != b.ends.len() {
        let last = (a.ends.last(), b.ends.last());
        // An instantiation that fails is an end; one that does not is none.
        if last.0 == Some(&End::Limit) || last.1 == Some(&End::Limit) {
            return Ok((0, true));
        }
        return Err(format!("{} ends, {}: {last:?}", a.ends.len(), b.ends.len()));
    }
    let pairs = a.state.iter().zip(&b.state);
    let differ: Vec<_> = pairs.filter(|(x, y)| x != y).collect();
    if !differ.is_empty() {
        return Err(format!("state: {differ:?}"));
    }
    if a.state.len() != b.state.len() {
        return Err(format!("{} exports, {}", a.state.len(), b.state.len()));
    }
    Ok((a.ends.len() as u32, false))
}

/// FNV-1a over words: enough to tell memories apart.
pub fn digest(bytes: &[u8]) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325u64 ^ bytes.len() as u64;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        hash =
            (hash ^ u64::from_le_bytes(*word)).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(29);
    }
    for &byte in rest {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    hash
}
