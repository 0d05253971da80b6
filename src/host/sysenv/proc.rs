//! `sys_proc`: arguments, environment, clocks.

use super::call::{Cx, Outcome};
use crate::host::sys::{self, Clock, OsError};

impl Cx<'_> {
    pub(super) fn argc(&mut self) -> Outcome {
        Ok(self.sysenv.args.len() as i64)
    }

    pub(super) fn argv_len(&mut self, idx: i32) -> Outcome {
        Ok(self.argument(idx)?.len() as i64)
    }

    pub(super) fn argv(&mut self, idx: i32, buf: u64, buf_len: u64) -> Outcome {
        let argument = self.argument(idx)?.clone();
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
        let now = clock.now()?;
        let nanoseconds = now.nanoseconds as i32;
        let bytes = [&now.seconds.to_le_bytes()[..], &nanoseconds.to_le_bytes()].concat();
        self.ram.put(ts, &bytes).map(|()| 0)
    }

    fn argument(&self, idx: i32) -> sys::Result<&Box<[u8]>> {
        let argument = usize::try_from(idx).ok().and_then(|idx| self.sysenv.args.get(idx));
        argument.ok_or(OsError(sys::EINVAL))
    }
}

const TIMESPEC_BYTES: u64 = 12;
/// No host has a longer name of a variable.
const NAME_MAX_BYTES: u64 = 1 << 20;
