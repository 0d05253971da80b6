//! Whatever numbers a guest passes to whichever function: every call answers, the process does not
//! panic, and no call makes the host keep or take more memory than it may.
#![cfg(feature = "std")]
#![allow(unsafe_code)] // an allocator that counts
#![allow(dead_code)] // of the guest, not everything is used here

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[path = "wasi/guest.rs"]
mod guest;
#[path = "peer/random.rs"]
mod random;

use guest::*;
use random::Random;
use wasmvm::wasi::{Capture, EmbeddedFs, Errno, MemFs, Wasi};

/// Counts what is allocated, and how much it was at most.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(live, Relaxed);
        // SAFETY: promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: promised by the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How much more than before was allocated at most while `f` ran, and after it.
fn growth<R>(f: impl FnOnce() -> R) -> (R, usize, isize) {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = f();
    (result, PEAK.load(Relaxed) - before, LIVE.load(Relaxed) as isize - before as isize)
}

/// One test: the count is everybody's.
#[test]
fn no_numbers_harm_the_host() {
    limit_files();
    for (module, seed) in [(PREVIEW1, 1), (PREVIEW1, 2), (UNSTABLE, 3)] {
        arbitrary_calls(module, seed, 150_000);
    }
    largest_calls();
}

/// A guest may fill the disk it was given; a test should not.
fn limit_files() {
    let limit = libc::rlimit { rlim_cur: 1 << 20, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: one structure is read; SIG_IGN is an action.
    unsafe {
        libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit);
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}

const PATHS: &[&str] = &[
    "file",
    "dir",
    "dir/file",
    "link",
    "up",
    "loop",
    ".",
    "..",
    "../secret",
    "/etc/passwd",
    "new",
    "new/new",
    "dir/../file",
    "file/",
    "dir/",
    "a\0b",
    "",
    "x/../../x",
    "\u{1F980}",
    "dir/new",
];

fn world(scratch: &Scratch) -> Wasi {
    fs::create_dir_all(scratch.join("a/dir")).unwrap();
    fs::write(scratch.join("secret"), "secret").unwrap();
    for (name, target) in [("link", "file"), ("up", "../secret"), ("loop", "loop")] {
        symlink(target, scratch.join("a").join(name)).unwrap();
    }
    for name in ["a/file", "a/dir/file"] {
        fs::write(scratch.join(name), "0123456789").unwrap();
    }
    let (socket, _) = std::os::unix::net::UnixStream::pair().unwrap();
    let files: [(&str, &'static [u8]); 2] = [("file", b"0123456789"), ("dir/file", b"x")];
    // Everything that does not make one wait for ever.
    Wasi::default()
        .args(["fuzz", "x"])
        .env("K", "V")
        .stdin_fd(socket)
        .stdout(Capture::with_limit(1 << 20))
        .trace(Capture::with_limit(1 << 10))
        .preopen(scratch.join("a"), "/")
        .unwrap()
        .preopen_ro(scratch.join("a"), "/ro")
        .unwrap()
        .preopen_fs("/mem", MemFs::with_limit(1 << 20))
        .preopen_fs("/embedded", EmbeddedFs::new(files).unwrap())
        .without_openat2()
        .preopen(scratch.join("a"), "/walk")
        .unwrap()
}

/// Fills the memory with things that make sense in places, and with others.
fn fill(guest: &mut Guest, random: &mut Random) {
    let bytes = guest.bytes();
    for word in bytes.chunks_exact_mut(4) {
        let number = match random.below(4) {
            0 => random.next() as u32,
            1 => random.below(16),
            2 => random.below(MEMORY as u32),
            _ => 0,
        };
        word.copy_from_slice(&number.to_le_bytes());
    }
    for (i, path) in PATHS.iter().enumerate() {
        guest.put(64 * i as u64, path.as_bytes());
    }
}

fn argument(random: &mut Random) -> u64 {
    const EDGES: &[u64] = &[
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        15,
        24,
        48,
        64,
        255,
        256,
        4095,
        4096,
        OUT,
        BUF,
        MEMORY - 64,
        MEMORY - 8,
        MEMORY - 1,
        MEMORY,
        MEMORY + 1,
        0x7FFF_FFFF,
        0x8000_0000,
        0xFFFF_FFF8,
        0xFFFF_FFFF,
        0x7FFF_FFFF_FFFF_FFFF,
        0x8000_0000_0000_0000,
        u64::MAX,
    ];
    match random.below(8) {
        0 => random.next() << 40 | random.next(),
        1 => random.below(MEMORY),
        2 | 3 => random.below(12),
        _ => random.of(EDGES),
    }
}

/// A guest that has run: its stack is there.
fn ready(module: &str, wasi: Wasi) -> Guest {
    let mut guest = Guest::importing(module, wasi);
    assert_eq!(guest.call("sched_yield", &[]), OK);
    guest
}

fn arbitrary_calls(module: &str, seed: u64, count: usize) {
    let scratch = Scratch::new();
    let mut guest = ready(module, world(&scratch));
    let mut random = Random::new(seed);
    let (mut answered, mut most, mut exits) = (0, 0, 0);
    let functions: Vec<_> = FUNCTIONS
        .iter()
        .filter(|(name, _)| !(module == UNSTABLE && *name == "sock_accept"))
        .collect();
    for round in 0..count {
        if round.is_multiple_of(500) {
            fill(&mut guest, &mut random);
        }
        if round.is_multiple_of(5_000) {
            // A new guest: the last one has closed everything.
            let fresh = Scratch::new();
            guest = ready(module, world(&fresh));
            fill(&mut guest, &mut random);
        }
        let (name, params) = random.of(&functions);
        let mut args: Vec<u64> = params.chars().map(|_| argument(&mut random)).collect();
        if name.starts_with("path_") && random.below(4) > 0 {
            plausible(name, &mut args, &mut random);
        }
        let (result, peak, _) = growth(|| guest.try_call(name, &args));
        match result {
            Ok(errno) => answered += usize::from(errno == OK),
            Err(error) => {
                assert_eq!(*name, "proc_exit", "{error}");
                exits += 1;
            }
        }
        assert!(peak < PER_CALL_BYTES, "{name}{args:?}: {peak} bytes at once");
        most = most.max(peak);
    }
    assert_eq!(fs::read(scratch.join("secret")).unwrap(), b"secret");
    println!("{module}: {count} calls, {answered} succeeded, {exits} exits, {most} bytes at most");
    assert!(answered > count / 20 && exits > 0, "{answered} {exits}");
}

/// Paths where paths belong, in directories that are there.
fn plausible(name: &str, args: &mut [u64], random: &mut Random) {
    let at: &[usize] = match name {
        "path_filestat_get" | "path_filestat_set_times" | "path_open" => &[2],
        "path_link" => &[2, 5],
        "path_rename" => &[1, 4],
        "path_symlink" => &[0, 3],
        _ => &[1],
    };
    for &at in at {
        let path = random.below(PATHS.len());
        args[at] = 64 * path as u64;
        args[at + 1] = PATHS[path].len() as u64;
        let dir = if name == "path_symlink" { 2 } else { at - if args.len() > 6 { 2 } else { 1 } };
        if let Some(dir) = args.get_mut(dir) {
            *dir = 3 + random.below(5);
        }
    }
}

/// The most that a guest with much memory can ask for at once.
fn largest_calls() {
    const LARGE: u64 = 256 << 20;
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.join("many")).unwrap();
    for i in 0..2_000 {
        fs::write(scratch.join("many").join(format!("{i:0>200}")), "").unwrap();
    }
    let wasi = Wasi::default().stdout(Capture::with_limit(1 << 20));
    let mut guest = ready(PREVIEW1, wasi.preopen(scratch.path(), "/").unwrap());
    guest.grow_to(LARGE);
    let fd = guest.open(3, b"many/new", CREAT, READ | WRITE).unwrap();
    let dir = guest.open(3, b"many", DIRECTORY, READ).unwrap();
    let lists = [0u32.to_le_bytes(), 1u32.to_le_bytes()].concat().repeat(1 << 20);
    guest.put(1 << 20, &lists);
    let max = 0xFFFF_FFFF;
    for (name, args, budget) in [
        // More buffers than a system call takes; a million of them.
        ("fd_write", &[fd, 1 << 20, 1 << 20, OUT][..], 100_000),
        ("fd_write", &[1, 1 << 20, 1 << 20, OUT], 100_000),
        ("fd_read", &[fd, 1 << 20, 1 << 20, OUT], 100_000),
        ("fd_pread", &[fd, 1 << 20, 1 << 20, 0, OUT], 100_000),
        ("fd_readdir", &[dir, 0, LARGE, 0, OUT], 2 << 20),
        ("poll_oneoff", &[64 << 20, 128 << 20, 1 << 16, OUT], 32 << 20),
        ("poll_oneoff", &[64 << 20, 128 << 20, (1 << 16) + 1, OUT], 0),
        ("poll_oneoff", &[0, 0, max, OUT], 0),
        ("path_open", &[3, 0, 0, LARGE, 1, 0, 0, 0, OUT], 0),
        ("path_symlink", &[0, LARGE, 3, 0, LARGE], 0),
        ("path_readlink", &[3, 0, 4, 0, LARGE, OUT], 20_000),
        ("fd_prestat_dir_name", &[3, 0, max], 1_000),
        ("random_get", &[0, LARGE], 0),
    ] {
        // Translated now, and not while it is measured.
        guest.call(name, &vec![max; args.len()]);
        let (errno, peak, kept) = growth(|| guest.call(name, args));
        println!("{name}{args:?}: {errno}, {peak} bytes at most, {kept} kept");
        // The harness passes the arguments in a list.
        assert!(peak <= budget + 128, "{name}{args:?}: {peak} bytes at once");
    }
    // As many descriptors as it likes, up to a number.
    let mut opened = 0;
    let (errno, _, kept) = growth(|| {
        loop {
            match guest.open(3, b".", 0, READ) {
                Ok(_) => opened += 1,
                Err(errno) => break errno,
            }
        }
    });
    println!("{opened} descriptors, then {errno}: {kept} bytes kept");
    assert_eq!(errno, Errno::MFILE);
    assert!(kept < 16 << 20, "{kept}");
}

/// What one call may take in these worlds: a list of entries, or a file in memory that doubles.
const PER_CALL_BYTES: usize = 4 << 20;
