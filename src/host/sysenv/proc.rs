//! `sys_proc`: arguments, environment, clocks.

use super::call::{Cx, Outcome};
use crate::host::sys::{self, Clock, OsError, Time};

impl Cx<'_> {
    pub(super) fn argc(&mut self) -> Outcome {
        Ok(self.sysenv.args.len() as i64)
    }

    pub(super) fn argv_len(&mut self, idx: i32) -> Outcome {
        Ok(self.argument(idx)?.len() as i64)
    }

    pub(super) fn argv(&mut self, idx: i32, buf: u64, buf_len: u64) -> Outcome {
        let argument = self.argument(idx)?.to_vec();
        let count = self.ram.at(buf, |mut memory, at| {
            let buffer = memory.slice_mut(at, buf_len)?;
            let count = argument.len().min(buffer.len());
            buffer[..count].copy_from_slice(&argument[..count]);
            if let Some(end) = buffer.get_mut(count) {
                *end = 0;
            }
            Ok::<_, OsError>(count)
        })?;
        Ok(count as i64)
    }

    pub(super) fn getenv(&mut self, name: u64, name_len: u64, buf: u64, buf_len: u64) -> Outcome {
        let name = self.ram.text(name, name_len, NAME_MAX_BYTES, sys::ENOENT)?;
        self.ram.check(buf, buf_len)?;
        let found = self.sysenv.env.iter().find(|(key, _)| **key == *name);
        let (_, value) = found.ok_or(OsError(sys::ENOENT))?;
        if buf_len <= value.len() as u64 {
            return Err(OsError(sys::ERANGE));
        }
        let text = [value, &b"\0"[..]].concat();
        self.ram.put(buf, &text)?;
        Ok(text.len() as i64 - 1)
    }

    pub(super) fn clock_gettime(&mut self, clk_id: i32, ts: u64) -> Outcome {
        self.ram.check(ts, TIMESPEC_BYTES)?;
        let clock = match clk_id {
            0 => Clock::Real,
            1 => Clock::Monotonic,
            _ => return Err(OsError(sys::EINVAL)),
        };
        let now = self.sysenv.clocks.now(clock)?;
        let nanoseconds = now.nanoseconds as i32;
        let bytes = [&now.seconds.to_le_bytes()[..], &nanoseconds.to_le_bytes()].concat();
        self.ram.put(ts, &bytes).map(|()| 0)
    }

    fn argument(&self, idx: i32) -> sys::Result<&[u8]> {
        let argument = usize::try_from(idx).ok().and_then(|idx| self.sysenv.args.get(idx));
        argument.map(|argument| &**argument).ok_or(OsError(sys::EINVAL))
    }
}

/// What tells the time.
pub(super) enum Clocks {
    System,
    MadeUp {
        /// How often it was looked at.
        looks: i64,
    },
}

impl Clocks {
    fn now(&mut self, clock: Clock) -> sys::Result<Time> {
        let looks = match self {
            Clocks::System => return clock.now(),
            Clocks::MadeUp { looks } => looks,
        };
        *looks += 1;
        let start = if clock == Clock::Real { START_SECONDS } else { 0 };
        Ok(Time { seconds: start + *looks / 1000, nanoseconds: *looks % 1000 * 1_000_000 })
    }
}

/// The beginning of 2022.
const START_SECONDS: i64 = 1_640_995_200;

const TIMESPEC_BYTES: u64 = 12;
/// No host has a longer name of a variable.
const NAME_MAX_BYTES: u64 = 1 << 20;
