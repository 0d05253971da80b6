//! What an embedder can configure.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::guest::*;
use wasmvm::wasi::{self, Capture, Errno, Exporter, SeededRandom, Wasi};
use wasmvm::{Caller, Engine, Error, ErrorKind, Linker, Module};

fn time(g: &mut Guest, clock: u64) -> u64 {
    assert_eq!(g.call("clock_time_get", &[clock, 0, OUT]), OK);
    g.u64(OUT)
}

fn random(g: &mut Guest, len: u64) -> Vec<u8> {
    assert_eq!(g.call("random_get", &[BUF, len]), OK);
    g.get(BUF, len)
}

/// What one run of a guest sees of time and chance.
fn seen(wasi: Wasi) -> (Vec<u64>, Vec<u8>) {
    let mut g = Guest::new(wasi);
    let mut times: Vec<u64> = (0..4).map(|clock| time(&mut g, clock)).collect();
    let clock = Subscription::Clock { id: 1, timeout: 5_000_000_000, absolute: false };
    g.subscribe(0, clock);
    assert_eq!(g.poll(1).unwrap().len(), 1);
    times.extend((0..4).map(|clock| time(&mut g, clock)));
    (times, random(&mut g, 32))
}

#[test]
fn made_up_time_and_chance_are_the_default() {
    let start = Instant::now();
    let (times, bytes) = seen(Wasi::default());
    assert_eq!((times.clone(), bytes.clone()), seen(Wasi::default()));
    assert!(start.elapsed() < Duration::from_secs(2), "sleep takes no time");
    assert_eq!(times[0], 1_640_995_200_000_000_000);
    // It passes by being looked at, and by sleeping.
    assert!(times[1] < times[2] && times[2] < times[3]);
    assert!(times[5] - times[1] >= 5_000_000_000);
    assert!(bytes.iter().any(|&byte| byte != 0));
    let (times, other) = seen(Wasi::default().sys_random().sys_walltime());
    assert!(times[0] > 1_700_000_000_000_000_000);
    assert_ne!(bytes, other);
}

#[test]
fn waiting_with_made_up_time_looks_at_files_too() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut g = Guest::new(Wasi::default().stdin_fd(reader));
    g.subscribe(0, Subscription::Read(0));
    g.subscribe(1, Subscription::Clock { id: 0, timeout: 1 << 40, absolute: false });
    g.subscribe(2, Subscription::Clock { id: 0, timeout: 1 << 50, absolute: false });
    let start = Instant::now();
    assert_eq!(g.poll(3).unwrap().iter().map(|e| e.subscription).collect::<Vec<_>>(), [1]);
    writer.write_all(b"x").unwrap();
    assert_eq!(g.poll(3).unwrap().iter().map(|e| e.subscription).collect::<Vec<_>>(), [0]);
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn clocks_sleep_yield_and_chance_of_the_embedder() {
    let slept = Arc::new(Mutex::new(Vec::new()));
    let yields = Arc::new(AtomicU64::new(0));
    let (log, count) = (slept.clone(), yields.clone());
    let mut last = 0;
    let wasi = Wasi::default()
        .walltime(|| Duration::from_nanos(42), Duration::from_secs(1))
        .nanotime(
            move || {
                last += 1;
                Duration::from_nanos(last)
            },
            Duration::ZERO,
        )
        .nanosleep(move |time| log.lock().unwrap().push(time))
        .osyield(move || {
            count.fetch_add(1, Ordering::Relaxed);
        })
        .random(|bytes: &mut [u8]| {
            bytes.fill(7);
            Ok(())
        });
    let mut g = Guest::new(wasi);
    assert_eq!((time(&mut g, 0), time(&mut g, 0)), (42, 42));
    assert_eq!((time(&mut g, 1), time(&mut g, 1)), (1, 2));
    assert_eq!(g.call("clock_res_get", &[0, OUT]), OK);
    assert_eq!(g.u64(OUT), 1_000_000_000);
    assert_eq!(g.call("clock_res_get", &[1, OUT]), OK);
    assert_eq!(g.u64(OUT), 1);
    // A clock that stands still: sleeping is enough.
    for (i, timeout) in [700, 500, 900].into_iter().enumerate() {
        g.subscribe(i as u64, Subscription::Clock { id: 0, timeout, absolute: false });
    }
    assert_eq!(g.poll(3).unwrap()[0].subscription, 1);
    g.subscribe(0, Subscription::Clock { id: 0, timeout: 50, absolute: true });
    assert_eq!(g.poll(1).unwrap().len(), 1);
    assert_eq!(*slept.lock().unwrap(), [500, 8].map(Duration::from_nanos));
    assert_eq!(g.call("sched_yield", &[]), OK);
    assert_eq!(yields.load(Ordering::Relaxed), 1);
    assert_eq!(random(&mut g, 3), [7, 7, 7]);
    // A source that fails is an errno.
    let none = |_: &mut [u8]| Err(std::io::Error::from(std::io::ErrorKind::WouldBlock));
    let mut g = Guest::new(Wasi::default().random(none));
    assert_eq!(g.call("random_get", &[BUF, 1]), Errno::AGAIN);
    let seeded = |seed| random(&mut Guest::new(Wasi::default().random(SeededRandom::new(seed))), 9);
    assert!(seeded(1) == seeded(1) && seeded(1) != seeded(2));
}

/// A stand-in for something slow and strange.
struct Odd(u32);

impl Read for Odd {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0 += 1;
        match self.0 {
            1 => Err(std::io::ErrorKind::Interrupted.into()),
            2 => Err(std::io::ErrorKind::WouldBlock.into()),
            3 => Err(std::io::ErrorKind::ConnectionReset.into()),
            _ => {
                buffer[0] = b'!';
                Ok(1)
            }
        }
    }
}

#[test]
fn streams_of_every_kind() {
    let out = Capture::with_limit(8);
    let wasi = Wasi::default().stdin_bytes("input").stdout(out.clone()).stderr(std::io::sink());
    let mut g = Guest::new(wasi);
    assert_eq!(g.read(0, 3).unwrap(), b"inp");
    assert_eq!(g.read(0, 3).unwrap(), b"ut");
    assert_eq!(g.read(0, 3).unwrap(), b"");
    assert_eq!((g.write(1, b"12345"), g.write(1, b"67890")), (Ok(5), Ok(3)));
    assert_eq!(g.write(1, b"x"), Err(Errno::NOSPC));
    assert_eq!((out.take(), out.contents()), (b"12345678".to_vec(), Vec::new()));
    assert_eq!(g.write(1, b"again"), Ok(5));
    assert_eq!(g.write(2, b"anything"), Ok(8));
    assert_eq!((g.write(0, b"x"), g.read(1, 1)), (Err(Errno::BADF), Err(Errno::BADF)));
    assert_eq!(g.call("fd_sync", &[1]), OK);

    let mut g = Guest::new(Wasi::default().stdin(Odd(0)));
    assert_eq!(g.read(0, 9), Err(Errno::AGAIN));
    assert_eq!(g.read(0, 9), Err(Errno::CONNRESET));
    assert_eq!(g.read(0, 9).unwrap(), b"!");

    // Files of the host: the guest can seek in them.
    let scratch = Scratch::new();
    let path = scratch.join("out");
    let wasi = Wasi::default().stdout_fd(std::fs::File::create(&path).unwrap());
    let mut g = Guest::new(wasi.stderr_fd(std::fs::File::create(scratch.join("err")).unwrap()));
    assert_eq!(g.write(1, b"0123"), Ok(4));
    assert_eq!(g.call("fd_seek", &[1, 1, 0, OUT]), OK);
    assert_eq!(g.write(1, b"x"), Ok(1));
    assert_eq!(std::fs::read(&path).unwrap(), b"0x23");
}

#[test]
fn functions_can_be_overridden() {
    // By leaving one out, …
    let engine = Engine::default();
    let mut linker = Linker::<Wasi>::new(&engine);
    Exporter::new().without("sched_yield").add_to_linker(&mut linker, |wasi| wasi).unwrap();
    linker.func_wrap(PREVIEW1, "sched_yield", || 6i32).unwrap();
    let mut g = Guest::linked(PREVIEW1, Wasi::default(), &linker, &engine);
    assert_eq!(g.call("sched_yield", &[]), Errno::AGAIN);
    assert_eq!(g.call("clock_time_get", &[0, 0, OUT]), OK);
    // … or by defining it again.
    let mut linker = Linker::<Wasi>::new(&engine);
    wasi::add_to_linker(&mut linker, |wasi| wasi).unwrap();
    let exit = |_: Caller<'_, Wasi>, code: i32| -> Result<(), Error> {
        Err(Error::host(format!("it wants to end with {code}")))
    };
    let again = linker.func_wrap(PREVIEW1, "proc_exit", exit).map(|_| ()).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Usage);
    linker.allow_shadowing(true).func_wrap(PREVIEW1, "proc_exit", exit).unwrap();
    let mut g = Guest::linked(PREVIEW1, Wasi::default(), &linker, &engine);
    let error = g.try_call("proc_exit", &[3]).unwrap_err();
    assert!(error.message().contains("end with 3"), "{error}");
    let wrong = Exporter::new().without("nonsense").add_to_linker(&mut linker, |wasi| wasi);
    assert_eq!(wrong.unwrap_err().kind(), ErrorKind::Usage);
    let wrong = Exporter::unstable().without("sock_accept").add_to_linker(&mut linker, |w| w);
    assert_eq!(wrong.unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn functions_can_be_under_another_name() {
    let engine = Engine::default();
    let mut linker = Linker::<Wasi>::new(&engine);
    Exporter::new().module("other").add_to_linker(&mut linker, |wasi| wasi).unwrap();
    let mut g = Guest::linked("other", Wasi::default(), &linker, &engine);
    assert_eq!(g.call("sched_yield", &[]), OK);
    let mut linker = Linker::<Wasi>::new(&engine);
    wasi::add_to_linker_as(&mut linker, UNSTABLE, |wasi| wasi).unwrap();
    let mut g = Guest::linked(UNSTABLE, Wasi::default(), &linker, &engine);
    assert_eq!(g.call("sched_yield", &[]), OK);
    let wrong = wasi::add_to_linker_as(&mut linker, "wasi_snapshot_preview9", |wasi| wasi);
    assert_eq!(wrong.unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn the_stub_of_some_toolchains() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    wasi::add_env_stub(&mut linker).unwrap();
    let text = r#"(module (import "env" "call_host_function"
        (func $f (param i32 i32 i32) (result i32)))
        (func (export "f") (result i32) (call $f (i32.const 1) (i32.const 2) (i32.const 3))))"#;
    let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let mut store = wasmvm::Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let f = instance.typed_func::<(), i32>(&store, "f").unwrap();
    assert_eq!(f.call(&mut store, ()).unwrap(), 0);
}

#[test]
fn what_belongs_to_preview_2_is_known() {
    let engine = Engine::default();
    let module = |text: &str| Module::new(&engine, wat::parse_str(text).unwrap());
    let new = r#"(module (import "wasi:io/streams@0.2.0" "drop" (func (param i32))))"#;
    let old = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))))"#;
    assert!(wasi::is_preview2(&module(new).unwrap()));
    assert!(!wasi::is_preview2(&module(old).unwrap()));
    let component = module("(component)").map(|_| ()).unwrap_err();
    assert!(component.message().contains("this is a component, not a core module"), "{component}");
}

#[test]
fn errnos_have_names() {
    assert_eq!((Errno::NOTCAPABLE.name(), Errno::NOTCAPABLE.number()), ("NOTCAPABLE", 76));
    assert_eq!(Errno::TOOBIG.to_string(), "2BIG");
    assert_eq!((Errno::ALL.len(), Errno::from_number(77)), (77, None));
}

/// A guest with everything that a Rust embedder may want: the data of the store, on any thread.
#[test]
fn a_configuration_can_be_sent() {
    fn is_send<T: Send>(_: &T) {}
    let wasi = Wasi::default().inherit_system().preopen_fs("/", wasi::MemFs::new());
    is_send(&wasi);
    let thread = std::thread::spawn(move || Guest::new(wasi).call("sched_yield", &[]));
    assert_eq!(thread.join().unwrap(), OK);
}
