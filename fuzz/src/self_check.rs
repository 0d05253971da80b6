//! Our engine against itself: what the configuration must not change, and a module against its
//! twin with 64-bit addresses.

use crate::generate::{self, Shape};
use crate::rewrite::{Widen, rewrite};
use crate::run::{Stops, has_shared, plan, run, run_counting, run_in_steps};
use crate::value::{End, State, Trace, compare};
use crate::{Done, Finding, Outcome, Random};
use arbitrary::Unstructured;
use std::hash::{DefaultHasher, Hash, Hasher};
use wasmvm::{Config, Engine, Module};

/// More than any of the modules uses.
const FUEL: u64 = 1 << 40;

struct Case {
    bytes: Vec<u8>,
    seed: u64,
}

fn case(data: &[u8]) -> Option<Case> {
    let mut u = Unstructured::new(data);
    let seed = u.arbitrary().ok()?;
    let bytes =
        generate::runnable(&mut u, Shape { canonical: true, threads: true, compact_imports: true })
            .ok()?;
    Some(Case { bytes, seed })
}

fn load(config: Config, case: &Case) -> Result<(Engine, Module), Finding> {
    let engine = Engine::new(config).expect("a configuration");
    match Module::new(&engine, case.bytes.as_slice()) {
        Ok(module) => Ok((engine, module)),
        Err(error) => {
            Err(Finding { what: format!("not accepted: {error}"), module: case.bytes.clone() })
        }
    }
}

fn traced(config: Config, fuel: bool, case: &Case) -> Result<Option<Trace>, Finding> {
    let (engine, module) = load(config.fuel(fuel), case)?;
    if has_shared(&module) {
        return Ok(None);
    }
    let calls = plan(&module, case.seed);
    Ok(run(&engine, &module, &calls, fuel.then_some(FUEL)))
}

fn judge(case: &Case, a: &Trace, b: &Trace, what: &str) -> Outcome {
    match compare(a, b) {
        Ok((calls, false)) => Ok(Done::Ran(calls)),
        Ok((calls, true)) => Ok(Done::Limited(calls)),
        Err(difference) => {
            Err(Finding { what: format!("{what}: {difference}"), module: case.bytes.clone() })
        }
    }
}

/// Fuel, interrupts, eager translation, guard pages and the collector's stress mode change
/// nothing that a guest can see.
pub fn configs(data: &[u8]) -> Outcome {
    let Some(case) = case(data) else { return Ok(Done::Skipped("no module")) };
    let Some(plain) = traced(Config::new(), false, &case)? else {
        return Ok(Done::Skipped("imports or shared memory"));
    };
    let mut random = Random::new(case.seed);
    let bits = random.next();
    let fuel = bits & 1 != 0;
    let config = Config::new()
        .interrupts(bits & 2 != 0)
        .eager(bits & 4 != 0)
        .guard_pages(bits & 8 != 0)
        .gc_stress(bits & 0x70 == 0);
    let what = format!("fuel {fuel} {config:?}");
    let Some(other) = traced(config, fuel, &case)? else {
        return Ok(Done::Skipped("imports"));
    };
    judge(&case, &plain, &other, &what)
}

/// The twin has the same functions over memories and tables with 64-bit addresses.
pub fn twin(data: &[u8]) -> Outcome {
    let Some(case) = case(data) else { return Ok(Done::Skipped("no module")) };
    let widen = if case.seed & 1 == 0 { Widen::All } else { Widen::Second };
    let Ok(Some(bytes)) = rewrite(&case.bytes, widen) else {
        return Ok(Done::Skipped("no twin"));
    };
    let twin = Case { bytes, seed: case.seed };
    let (Some(a), Some(b)) =
        (traced(Config::new(), false, &case)?, traced(Config::new(), false, &twin)?)
    else {
        return Ok(Done::Skipped("imports or shared memory"));
    };
    // Growing a table or a memory beyond 32 bits fails for different reasons, but it fails.
    judge(&case, &a, &b, "twin")
}

/// Calls that stop and go on do what they do without a stop, for the same fuel. Calls that are
/// dropped half-way leave a store that goes on, whatever the collector does meanwhile.
pub fn steps(data: &[u8]) -> Outcome {
    let Some(case) = case(data) else { return Ok(Done::Skipped("no module")) };
    let in_steps = |stops, stress| {
        let config = Config::new().fuel(true).gc_stress(stress);
        let (engine, module) = load(config, &case)?;
        let calls = plan(&module, case.seed);
        let mut random = Random::new(case.seed);
        Ok(run_in_steps(&engine, &module, &calls, FUEL, stops, &mut random))
    };
    let (engine, module) = load(Config::new().fuel(true), &case)?;
    if has_shared(&module) {
        return Ok(Done::Skipped("shared memory"));
    }
    let calls = plan(&module, case.seed);
    let (Some(straight), Some(stopping), Some(dropping), Some(stressed)) = (
        run_counting(&engine, &module, &calls, Some(FUEL)),
        in_steps(Stops::GoOn, false)?,
        in_steps(Stops::Drop, false)?,
        in_steps(Stops::Drop, true)?,
    ) else {
        return Ok(Done::Skipped("imports"));
    };
    judge(&case, &dropping.0, &stressed.0, "dropped")?;
    let done = judge(&case, &straight.0, &stopping.0, "in steps")?;
    if matches!(done, Done::Ran(_)) && straight.1 != stopping.1 {
        let [a, b] = [straight.1, stopping.1].map(|left| FUEL as i64 - left);
        let what = format!("{a} units of fuel, {b} in steps");
        return Err(Finding { what, module: case.bytes.clone() });
    }
    Ok(done)
}

/// What a module does, in a number.
pub fn digest(data: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    if let Some(case) = case(data)
        && let Ok(Some(trace)) = traced(Config::new(), true, &case)
    {
        // References are compared by being there; everything else is exact.
        let ends: Vec<&End> = trace.ends.iter().collect();
        let state: Vec<&(String, State)> = trace.state.iter().collect();
        (ends, state).hash(&mut hasher);
    }
    hasher.finish()
}
