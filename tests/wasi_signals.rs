//! Signals of the process: they are not the guest's business. In a process of its own, as signals
//! are everybody's.
#![cfg(feature = "std")]
#![allow(unsafe_code)] // signals are made by libc
#![allow(dead_code)] // of the guest, not everything is used here

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[path = "wasi/guest.rs"]
mod guest;

use guest::*;
use wasmvm::wasi::{Errno, Wasi};

static SEEN: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_: libc::c_int) {
    SEEN.fetch_add(1, Ordering::Relaxed);
}

/// One test: they would be in each other's way.
#[test]
fn signals_are_not_the_guests_business() {
    a_broken_pipe_does_not_end_the_process();
    interrupted_calls_are_repeated();
}

/// Also where nobody made the runtime of Rust ignore the signal: in a program in C.
fn a_broken_pipe_does_not_end_the_process() {
    // SAFETY: SIG_DFL is an action.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let (reader, writer) = std::io::pipe().unwrap();
    let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
    drop((reader, other));
    let mut guest = Guest::new(Wasi::default().stdout_fd(writer).stderr_fd(one));
    for _ in 0..3 {
        assert_eq!(guest.write(1, b"x"), Err(Errno::PIPE));
        assert_eq!(guest.write(2, b"x"), Err(Errno::PIPE));
    }
    // The action and the mask of the thread are as they were.
    // SAFETY: null asks; one set is written, which all zeros are.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGPIPE, std::ptr::null(), &raw mut action);
        assert_eq!(action.sa_sigaction, libc::SIG_DFL);
        let mut mask: libc::sigset_t = std::mem::zeroed();
        libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &raw mut mask);
        assert_eq!(libc::sigismember(&raw const mask, libc::SIGPIPE), 0);
        let mut pending: libc::sigset_t = std::mem::zeroed();
        libc::sigpending(&raw mut pending);
        assert_eq!(libc::sigismember(&raw const pending, libc::SIGPIPE), 0);
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}

fn interrupted_calls_are_repeated() {
    // SAFETY: a handler that only counts; without SA_RESTART, so that calls are interrupted.
    let this = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = count as *const () as usize;
        libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut());
        libc::pthread_self()
    };
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut guest = Guest::new(Wasi::default().inherit_system().stdin_fd(reader));
    let bother = move |times: u32| {
        for _ in 0..times {
            std::thread::sleep(Duration::from_millis(5));
            // SAFETY: the thread waits for this one.
            unsafe { libc::pthread_kill(this, libc::SIGUSR1) };
        }
    };
    // Reading waits on.
    let other = std::thread::spawn(move || {
        bother(20);
        writer.write_all(b"at last").unwrap();
        writer
    });
    assert_eq!(guest.read(0, 100).unwrap(), b"at last");
    let writer = other.join().unwrap();
    assert!(SEEN.swap(0, Ordering::Relaxed) >= 10);
    // So does sleeping, and not longer than it was told.
    let other = std::thread::spawn(move || bother(20));
    let clock = Subscription::Clock { id: 1, timeout: 150_000_000, absolute: false };
    guest.subscribe(0, clock);
    guest.subscribe(1, Subscription::Read(0));
    let start = Instant::now();
    assert_eq!(guest.poll(2).unwrap()[0].subscription, 0);
    let took = start.elapsed().as_millis();
    assert!((150..1500).contains(&took), "{took}");
    other.join().unwrap();
    assert!(SEEN.load(Ordering::Relaxed) >= 10);
    drop(writer);
}
