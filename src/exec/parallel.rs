//! Work on all functions of a module, by several threads if there is much of it.

use core::sync::atomic::{AtomicU32, Ordering};

/// Whether functions may come in another order than theirs.
pub const THREADS: bool = cfg!(feature = "std");
/// Functions that a thread takes at once.
const CHUNK: u32 = 32;
/// Bytes of code from which on another thread is worth its start.
const BYTES_PER_THREAD: usize = 256 << 10;

/// Does something for each function below `count`, in any order; `bytes` is how much code they
/// have. Each thread makes a worker. No more than `threads` work; 0 is as many as there are
/// processors.
///
/// # Errors
/// That of the first function that has one; what comes after it may not have been looked at.
pub fn for_each<W, E: Send>(
    (count, bytes): (u32, usize),
    threads: usize,
    worker: impl Fn() -> W + Sync,
    each: impl Fn(&mut W, u32) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let others = match (bytes / BYTES_PER_THREAD, threads) {
        _ if !THREADS => 0,
        (0, _) => 0,
        // The question is not for every small module: the answer is read from files.
        (worth, 0) => worth.min(processors() - 1),
        (worth, most) => worth.min(most - 1),
    };
    if others == 0 {
        let mut worker = worker();
        return (0..count).try_for_each(|func| each(&mut worker, func));
    }
    let next = AtomicU32::new(0);
    let end = AtomicU32::new(count);
    let work = || {
        let mut worker = worker();
        // Chunks are taken in order: what lies before an error is looked at by whoever took it.
        loop {
            let start = next.fetch_add(CHUNK, Ordering::Relaxed);
            for func in start..start.saturating_add(CHUNK) {
                if func >= end.load(Ordering::Relaxed) {
                    return Ok(());
                }
                if let Err(error) = each(&mut worker, func) {
                    end.fetch_min(func, Ordering::Relaxed);
                    return Err((func, error));
                }
            }
        }
    };
    run(others, &work).map_err(|(_, error)| error)
}

/// Does the same work on this thread and on others.
#[cfg(feature = "std")]
fn run<E: Send>(
    others: usize,
    work: &(impl Fn() -> Result<(), (u32, E)> + Sync),
) -> Result<(), (u32, E)> {
    use std::thread::{Builder, scope};
    scope(|scope| {
        // One that cannot be started has its share done by the others.
        let start = |_| Builder::new().spawn_scoped(scope, work).ok();
        let started: alloc::vec::Vec<_> = (0..others).filter_map(start).collect();
        let mut first = work();
        for thread in started {
            let result = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            first = match (first, result) {
                (Err(a), Err(b)) => Err(if a.0 < b.0 { a } else { b }),
                (a, b) => a.and(b),
            };
        }
        first
    })
}
/// There are no threads.
#[cfg(not(feature = "std"))]
fn run<E>(_: usize, work: &impl Fn() -> Result<(), (u32, E)>) -> Result<(), (u32, E)> {
    work()
}

/// How many threads can run at once.
fn processors() -> usize {
    #[cfg(feature = "std")]
    return std::thread::available_parallelism().map_or(1, usize::from);
    #[cfg(not(feature = "std"))]
    1
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const MUCH: usize = 100 << 20;

    #[test]
    fn every_function_once() {
        for count in [0, 1, CHUNK - 1, CHUNK, 1000] {
            let done: Vec<AtomicU32> = (0..count).map(|_| AtomicU32::new(0)).collect();
            let result = for_each(
                (count, MUCH),
                4,
                || (),
                |(), func| {
                    done[func as usize].fetch_add(1, Ordering::Relaxed);
                    Ok::<(), ()>(())
                },
            );
            assert_eq!(result, Ok(()));
            assert!(done.iter().all(|times| times.load(Ordering::Relaxed) == 1));
        }
    }
    #[test]
    fn the_first_error() {
        for turn in 0..100 {
            let result = for_each(
                (5000, MUCH),
                4,
                || turn,
                |_, func| {
                    if func >= 700 + turn && func % 3 == 0 { Err(func) } else { Ok(()) }
                },
            );
            assert_eq!(result, Err((700 + turn).next_multiple_of(3)));
        }
    }
    #[test]
    fn little_is_done_here() {
        let here = std::thread::current().id();
        let result = for_each(
            (100, 1000),
            4,
            || (),
            |(), _| {
                assert_eq!(std::thread::current().id(), here);
                Ok::<(), ()>(())
            },
        );
        assert_eq!(result, Ok(()));
    }
}
