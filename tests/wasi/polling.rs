//! Waiting for clocks, files, pipes, terminals and sockets, alone and mixed.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::guest::*;
use crate::rows::terminal;
use wasmvm::wasi::{Errno, Wasi};

const MS: u64 = 1_000_000;

fn clock(id: u64, timeout: u64) -> Subscription {
    Subscription::Clock { id, timeout, absolute: false }
}

fn took(start: Instant) -> u64 {
    start.elapsed().as_millis() as u64
}

/// Processor time of this thread.
fn cpu() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: one timespec is written.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[test]
fn clocks_wait_and_do_not_work() {
    let mut guest = Guest::new(Wasi::default().inherit_system());
    for id in [0, 1] {
        let (start, work) = (Instant::now(), cpu());
        guest.subscribe(0, clock(id, 120 * MS));
        guest.subscribe(1, clock(id, 3_600_000 * MS));
        let events = guest.poll(2).unwrap();
        assert_eq!(events.iter().map(|e| (e.subscription, e.tag)).collect::<Vec<_>>(), [(0, 0)]);
        assert!((120..3000).contains(&took(start)), "{}", took(start));
        assert!(cpu() - work < Duration::from_millis(40), "busy for {:?}", cpu() - work);
    }
}

#[test]
fn absolute_times() {
    let mut guest = Guest::new(Wasi::default().inherit_system());
    for id in [0, 1] {
        assert_eq!(guest.call("clock_time_get", &[id, 0, OUT]), OK);
        let now = guest.u64(OUT);
        let start = Instant::now();
        guest.subscribe(0, Subscription::Clock { id, timeout: now + 60 * MS, absolute: true });
        assert_eq!(guest.poll(1).unwrap()[0].error, OK);
        assert!((40..3000).contains(&took(start)), "{}", took(start));
        // Long ago.
        guest.subscribe(0, Subscription::Clock { id, timeout: 5, absolute: true });
        let start = Instant::now();
        assert_eq!(guest.poll(1).unwrap().len(), 1);
        assert!(took(start) < 1000);
    }
}

#[test]
fn all_clocks_that_expired_are_told() {
    let mut guest = Guest::new(Wasi::default().inherit_system());
    for (i, timeout) in [30 * MS, 0, 30 * MS, 0, 60_000 * MS].into_iter().enumerate() {
        guest.subscribe(i as u64, clock(1, timeout));
    }
    let events = guest.poll(5).unwrap();
    assert_eq!(events.iter().map(|e| e.subscription).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn mistakes_are_events() {
    let mut guest = Guest::new(Wasi::default().inherit_system());
    guest.subscribe(0, Subscription::Read(99));
    guest.subscribe(1, clock(2, 0));
    guest.subscribe(2, clock(9, 0));
    guest.subscribe(3, Subscription::Read(1));
    guest.subscribe(4, Subscription::Write(0));
    guest.subscribe(5, clock(1, 3_600_000 * MS));
    let events = guest.poll(6).unwrap();
    let errors: Vec<_> = events.iter().map(|e| (e.subscription, e.error, e.tag)).collect();
    assert_eq!(
        errors,
        [
            (0, Errno::BADF, 1),
            (1, Errno::NOTSUP, 0),
            (2, Errno::INVAL, 0),
            (3, Errno::BADF, 1),
            (4, Errno::BADF, 2),
        ]
    );
    assert_eq!(guest.poll(0), Err(Errno::INVAL));
    assert_eq!(guest.poll(0x1000_0000), Err(Errno::NOMEM));
    assert_eq!(guest.poll(0xFFFF_FFFF), Err(Errno::NOMEM));
    guest.put(SUBSCRIPTIONS + 8, &[7]);
    assert_eq!(guest.poll(1), Err(Errno::INVAL));
}

#[test]
fn events_may_overwrite_subscriptions() {
    let mut guest = Guest::new(Wasi::default());
    for i in 0..3 {
        guest.subscribe(i, Subscription::Read(99));
    }
    assert_eq!(guest.call("poll_oneoff", &[SUBSCRIPTIONS, SUBSCRIPTIONS, 3, OUT]), OK);
    assert_eq!(guest.u32(OUT), 3);
    assert_eq!([0, 1, 2].map(|i| guest.u64(SUBSCRIPTIONS + 32 * i)), [1000, 1001, 1002]);
}

/// A pipe: nothing, something, its end; with a clock beside it.
#[test]
fn pipes() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut guest = Guest::new(Wasi::default().inherit_system().stdin_fd(reader));
    guest.subscribe(0, clock(1, 80 * MS));
    guest.subscribe(1, Subscription::Read(0));
    let start = Instant::now();
    let events = guest.poll(2).unwrap();
    assert_eq!(events.iter().map(|e| e.subscription).collect::<Vec<_>>(), [0]);
    assert!(took(start) >= 80);
    // It wakes up when something comes, long before the clock.
    let later = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(60));
        writer.write_all(b"hello").unwrap();
        writer
    });
    guest.subscribe(0, clock(1, 3_600_000 * MS));
    let (start, work) = (Instant::now(), cpu());
    let events = guest.poll(2).unwrap();
    let seen = Event { subscription: 1, error: OK, tag: 1, bytes: 5, hangup: false };
    assert_eq!(events, [seen]);
    assert!((30..3000).contains(&took(start)), "{}", took(start));
    assert!(cpu() - work < Duration::from_millis(25));
    drop(later.join().unwrap());
    assert_eq!(guest.poll(2).unwrap(), [Event { hangup: true, ..seen }]);
    assert_eq!(guest.read(0, 10).unwrap(), b"hello");
    assert_eq!(guest.poll(2).unwrap(), [Event { hangup: true, bytes: 0, ..seen }]);
    assert_eq!(guest.read(0, 10).unwrap(), b"");
}

#[test]
fn a_full_pipe_is_not_ready_to_be_written() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut guest = Guest::new(Wasi::default().inherit_system().stdout_fd(writer));
    assert_eq!(guest.call("fd_fdstat_set_flags", &[1, 4]), OK);
    let mut written = 0;
    let full = loop {
        match guest.write(1, &[0; 4096]) {
            Ok(count) => written += count,
            Err(errno) => break errno,
        }
    };
    assert_eq!(full, Errno::AGAIN);
    assert!(written >= 4096, "{written}");
    guest.subscribe(0, clock(1, 20 * MS));
    guest.subscribe(1, Subscription::Write(1));
    assert_eq!(guest.poll(2).unwrap()[0].subscription, 0);
    let mut some = vec![0; written as usize];
    std::io::Read::read_exact(&mut &reader, &mut some).unwrap();
    let events = guest.poll(2).unwrap();
    assert_eq!((events.len(), events[0].subscription, events[0].tag), (1, 1, 2));
    drop(reader);
    assert_eq!(guest.write(1, b"x"), Err(Errno::PIPE));
}

#[test]
fn files_terminals_and_streams_mixed() {
    let (ours, theirs) = terminal();
    let scratch = Scratch::new();
    std::fs::write(scratch.join("file"), "0123456789").unwrap();
    let wasi = Wasi::default().inherit_system().stdin_fd(theirs);
    let mut guest = Guest::new(wasi.preopen(scratch.path(), "/").unwrap());
    guest.subscribe(0, Subscription::Read(0));
    guest.subscribe(1, clock(1, 50 * MS));
    assert_eq!(guest.poll(2).unwrap()[0].subscription, 1);
    // A terminal gives whole lines.
    let mut ours = std::fs::File::from(ours);
    ours.write_all(b"line\n").unwrap();
    let events = guest.poll(2).unwrap();
    assert_eq!((events[0].subscription, events[0].bytes, events[0].hangup), (0, 5, false));
    // A file on disk makes nobody wait, wherever its end is.
    let fd = guest.open(3, b"file", 0, READ | WRITE).unwrap();
    assert_eq!(guest.read(fd, 4).unwrap(), b"0123");
    guest.subscribe(1, Subscription::Read(fd));
    guest.subscribe(2, Subscription::Write(fd));
    guest.subscribe(3, Subscription::Write(1));
    guest.subscribe(4, clock(1, 3_600_000 * MS));
    let start = Instant::now();
    let events = guest.poll(5).unwrap();
    assert!(took(start) < 1000);
    let mut seen: Vec<_> = events.iter().map(|e| (e.subscription, e.bytes)).collect();
    seen.sort();
    assert_eq!(seen, [(0, 5), (1, 6), (2, 0), (3, 1)]);
}

/// Two subscriptions to one descriptor are two events.
#[test]
fn one_descriptor_many_times() {
    let (one, mut other) = std::os::unix::net::UnixStream::pair().unwrap();
    other.write_all(b"abc").unwrap();
    let mut guest = Guest::new(Wasi::default().inherit_system().stdin_fd(one));
    guest.subscribe(0, Subscription::Read(0));
    guest.subscribe(1, Subscription::Read(0));
    let events = guest.poll(2).unwrap();
    assert_eq!(events.iter().map(|e| e.bytes).collect::<Vec<_>>(), [3, 3]);
    drop(other);
    assert_eq!(guest.read(0, 9).unwrap(), b"abc");
    let events = guest.poll(2).unwrap();
    assert_eq!(events.iter().map(|e| (e.bytes, e.hangup)).collect::<Vec<_>>(), [(0, true); 2]);
}
