//! Decoder and validator against those of `wasmparser`, with the same proposals on. What is valid
//! is also translated: an instruction without a handler would be an error here.

use crate::{Done, Finding, Outcome, generate};
use arbitrary::Unstructured;
use std::cell::RefCell;
use wasmvm::{Config, Engine, Error, ErrorKind, Module};

#[path = "../../tests/peer/features.rs"]
mod features;

thread_local! {
    /// An engine per set of proposals. New ones now and then: types stay in their engine.
    static ENGINES: RefCell<(u32, Vec<Engine>)> = const { RefCell::new((0, Vec::new())) };
}

fn engine(set: usize) -> Engine {
    ENGINES.with_borrow_mut(|(uses, engines)| {
        *uses += 1;
        if *uses % 1000 == 1 {
            let config = |features| Config::new().features(features).eager(true);
            let new = |(features, _)| Engine::new(config(features)).expect("a configuration");
            *engines = features::sets().into_iter().map(new).collect();
        }
        engines[set].clone()
    })
}

pub fn validate(data: &[u8]) -> Outcome {
    let mut u = Unstructured::new(data);
    let made = (|| {
        let mut bytes = generate::any(&mut u)?;
        if u.ratio(7, 8)? {
            generate::damage(&mut u, &mut bytes)?;
        }
        let set = if u.ratio(1, 2)? { 0 } else { u.int_in_range(0..=3)? };
        Ok::<_, arbitrary::Error>((bytes, set))
    })();
    let Ok((bytes, set)) = made else { return Ok(Done::Skipped("no module")) };
    let ours = Module::new(&engine(set), bytes.as_slice()).map(drop);
    let peer = features::sets()[set].1;
    let theirs = wasmparser::Validator::new_with_features(peer).validate_all(&bytes);
    match (&ours, &theirs) {
        (Ok(()), Ok(_)) => Ok(Done::Accepted),
        (Err(_), Err(_)) => Ok(Done::Rejected),
        (Err(error), Ok(_)) if is_known(error, &bytes) => Ok(Done::Skipped("known difference")),
        _ => {
            let theirs = theirs.map(drop).map_err(|error| error.to_string());
            Err(Finding { what: format!("set {set}: {ours:?}, {theirs:?}"), module: bytes })
        }
    }
}

/// Where the two differ on purpose.
fn is_known(error: &Error, bytes: &[u8]) -> bool {
    let kind = match error.kind() {
        ErrorKind::Unsupported => features::Kind::Unsupported,
        ErrorKind::Malformed => features::Kind::Malformed,
        _ => return false,
    };
    features::is_known(kind, &error.message(), error.offset().unwrap_or(0), bytes)
}
