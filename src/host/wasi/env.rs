//! Arguments, environment, clocks, chance and the process itself.

use super::call::{Cx, Outcome};
use super::errno::Errno;
use crate::host::abi::{Fault, GuestMemory};
use crate::host::sys::Clock;

impl Cx<'_> {
    pub(super) fn args_get(&mut self, argv: u64, argv_buf: u64) -> Outcome {
        put_texts(&mut self.memory, self.wasi.all_args(), argv, argv_buf)
    }

    pub(super) fn args_sizes_get(&mut self, argc: u64, argv_buf_size: u64) -> Outcome {
        put_sizes(&mut self.memory, self.wasi.all_args(), argc, argv_buf_size)
    }

    pub(super) fn environ_get(&mut self, environ: u64, environ_buf: u64) -> Outcome {
        let env = self.wasi.env.iter().map(|pair| &**pair);
        put_texts(&mut self.memory, env, environ, environ_buf)
    }

    pub(super) fn environ_sizes_get(&mut self, environc: u64, environ_buf_size: u64) -> Outcome {
        let env = self.wasi.env.iter().map(|pair| &**pair);
        put_sizes(&mut self.memory, env, environc, environ_buf_size)
    }

    pub(super) fn clock_res_get(&mut self, id: u32, resolution: u64) -> Outcome {
        let nanoseconds = self.wasi.world.resolution(clock(id)?)?;
        Ok(self.memory.put(resolution, nanoseconds)?)
    }

    pub(super) fn clock_time_get(&mut self, id: u32, _precision: u64, time: u64) -> Outcome {
        self.out::<u64>(time)?;
        Ok(self.memory.put(time, self.wasi.world.now(clock(id)?)?)?)
    }

    pub(super) fn random_get(&mut self, buf: u64, buf_len: u64) -> Outcome {
        Ok(self.wasi.world.random.fill(self.memory.slice_mut(buf, buf_len)?)?)
    }

    pub(super) fn sched_yield(&mut self) -> Outcome {
        (self.wasi.world.osyield)();
        Ok(())
    }

    pub(super) fn proc_raise(&mut self, _sig: u32) -> Outcome {
        Err(Errno::NOTSUP)
    }
}

/// The clock with this number.
pub(super) fn clock(id: u32) -> Result<Clock, Errno> {
    match id {
        0 => Ok(Clock::Real),
        1 => Ok(Clock::Monotonic),
        2 => Ok(Clock::ProcessCpu),
        3 => Ok(Clock::ThreadCpu),
        _ => Err(Errno::INVAL),
    }
}

/// How many texts there are, and how many bytes they take with their NULs.
fn sizes<'a>(texts: impl Iterator<Item = &'a [u8]>) -> (u64, u64) {
    texts.fold((0, 0), |(count, size), text| (count + 1, size + text.len() as u64 + 1))
}

fn put_sizes<'a>(
    memory: &mut GuestMemory<'_>,
    texts: impl Iterator<Item = &'a [u8]>,
    count_at: u64,
    size_at: u64,
) -> Outcome {
    let (count, size) = sizes(texts);
    let narrow = |size| u32::try_from(size).map_err(|_| Errno::OVERFLOW);
    memory.span(size_at, 4)?;
    memory.put(count_at, narrow(count)?)?;
    Ok(memory.put(size_at, narrow(size)?)?)
}

fn put_texts<'a>(
    memory: &mut GuestMemory<'_>,
    texts: impl Iterator<Item = &'a [u8]> + Clone,
    pointers: u64,
    buffer: u64,
) -> Outcome {
    let (count, size) = sizes(texts.clone());
    memory.span(pointers, count * 4)?;
    memory.span(buffer, size)?;
    let mut at = buffer;
    for (i, text) in texts.enumerate() {
        let pointer = u32::try_from(at).map_err(|_| Fault::OutOfBounds)?;
        memory.put(pointers + 4 * i as u64, pointer)?;
        memory.put_bytes(at, text)?;
        memory.put(at + text.len() as u64, 0u8)?;
        at += text.len() as u64 + 1;
    }
    Ok(())
}
