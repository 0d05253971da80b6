//! Time and chance: the system's, the embedder's, or made-up ones that are the same in every run.

use core::time::Duration;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::errno::Errno;
use super::types::nanoseconds;
use crate::host::sys::{self, Clock, OsError};

/// A source of random bytes for `random_get`. Closures are sources.
pub trait RngSource: Send {
    /// Fills the buffer.
    ///
    /// # Errors
    /// What the guest shall see.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()>;
}

impl<F: FnMut(&mut [u8]) -> io::Result<()> + Send> RngSource for F {
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self(buffer)
    }
}

/// Numbers that look random and are the same for the same seed. Not for secrets.
#[derive(Clone, Debug)]
pub struct SeededRandom {
    state: u64,
    /// Bytes of the last number that are still to be given, the next one lowest.
    rest: u64,
    rest_bytes: u32,
}

impl SeededRandom {
    /// The sequence of this seed.
    pub const fn new(seed: u64) -> SeededRandom {
        SeededRandom { state: seed, rest: 0, rest_bytes: 0 }
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }
}

impl RngSource for SeededRandom {
    /// The bytes do not depend on how they are divided between calls.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        for byte in buffer {
            if self.rest_bytes == 0 {
                (self.rest, self.rest_bytes) = (self.next(), 8);
            }
            *byte = self.rest as u8;
            self.rest >>= 8;
            self.rest_bytes -= 1;
        }
        Ok(())
    }
}

/// Where a guest's time and chance come from.
pub(super) struct World {
    pub wall: Source,
    pub monotonic: Source,
    pub sleep: Sleep,
    pub osyield: Box<dyn FnMut() + Send>,
    pub random: Box<dyn RngSource>,
}

/// A clock.
pub(super) enum Source {
    /// The system's of the same name.
    System,
    Embedder {
        now: Box<dyn FnMut() -> Duration + Send>,
        resolution: Duration,
    },
}

/// How a guest waits for a clock.
pub(super) enum Sleep {
    System,
    Embedder(Box<dyn FnMut(Duration) + Send>),
}

impl World {
    /// Made-up time: it starts at the beginning of 2022, passes by a millisecond whenever it is
    /// looked at, and by as much as a guest sleeps, which takes no real time.
    pub(super) fn made_up() -> World {
        let passed = Arc::new(AtomicU64::new(0));
        let look = |passed: &Arc<AtomicU64>, start: Duration| {
            let passed = passed.clone();
            let now = move || start + Duration::from_nanos(advance(&passed, STEP));
            Source::Embedder { now: Box::new(now), resolution: STEP }
        };
        World {
            wall: look(&passed, START),
            monotonic: look(&passed, Duration::ZERO),
            sleep: Sleep::Embedder(Box::new(move |time| {
                advance(&passed, time);
            })),
            osyield: Box::new(|| {}),
            random: Box::new(SeededRandom::new(0)),
        }
    }

    /// The time of a clock in nanoseconds.
    pub(super) fn now(&mut self, clock: Clock) -> Result<u64, Errno> {
        match self.source(clock) {
            Source::System => Ok(nanoseconds(clock.now()?)),
            Source::Embedder { now, .. } => Ok(saturated(now())),
        }
    }

    /// The resolution of a clock in nanoseconds.
    pub(super) fn resolution(&mut self, clock: Clock) -> Result<u64, Errno> {
        let nanoseconds = match self.source(clock) {
            Source::System => nanoseconds(clock.resolution()?),
            Source::Embedder { resolution, .. } => saturated(*resolution),
        };
        Ok(nanoseconds.max(1))
    }

    /// Whether a clock is the system's.
    pub(super) fn is_system(&mut self, clock: Clock) -> bool {
        matches!(self.source(clock), Source::System)
    }

    /// A guest without the system's time does not get to know how much of the processor it uses
    /// either: time spent waiting counts then.
    fn source(&mut self, clock: Clock) -> &mut Source {
        match clock {
            Clock::Real => &mut self.wall,
            Clock::Monotonic | Clock::ProcessCpu | Clock::ThreadCpu => &mut self.monotonic,
        }
    }
}

/// The system's random numbers.
pub(super) fn system_random(buffer: &mut [u8]) -> io::Result<()> {
    Ok(sys::random(buffer)?)
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Errno {
        OsError::from(error).into()
    }
}

/// Lets made-up time pass; answers with what it was before.
fn advance(passed: &AtomicU64, time: Duration) -> u64 {
    let later = |old: u64| Some(old.saturating_add(saturated(time)).min(END));
    let old = passed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    old.unwrap_or_else(|old| old)
}

fn saturated(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// How far made-up time gets when it is looked at.
const STEP: Duration = Duration::from_millis(1);
/// The beginning of 2022.
const START: Duration = Duration::from_secs(1_640_995_200);
/// The end of made-up time, in nanoseconds: what a guest takes for its clock's number never wraps.
const END: u64 = u64::MAX / 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_do_not_depend_on_the_division() {
        let mut whole = [0; 37];
        SeededRandom::new(7).fill(&mut whole).unwrap();
        let mut parts = [0; 37];
        let mut random = SeededRandom::new(7);
        for piece in parts.chunks_mut(5) {
            random.fill(piece).unwrap();
        }
        assert_eq!(whole, parts);
        let mut other = [0; 37];
        SeededRandom::new(8).fill(&mut other).unwrap();
        assert_ne!(whole, other);
    }

    #[test]
    fn made_up_time_passes_and_ends() {
        let mut world = World::made_up();
        assert_eq!(world.now(Clock::Monotonic), Ok(0));
        assert_eq!(world.now(Clock::Real), Ok(1_640_995_200_001_000_000));
        let Sleep::Embedder(sleep) = &mut world.sleep else { panic!("the system's") };
        sleep(Duration::from_secs(5));
        assert_eq!(world.now(Clock::Monotonic), Ok(5_002_000_000));
        let Sleep::Embedder(sleep) = &mut world.sleep else { panic!("the system's") };
        sleep(Duration::MAX);
        assert_eq!(world.now(Clock::Monotonic), Ok(END));
        assert_eq!(world.now(Clock::ThreadCpu), Ok(END));
    }
}
