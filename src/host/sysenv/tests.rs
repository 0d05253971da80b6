//! Every function as a guest calls it, in both widths; pointers that lead outside.

use proptest::prelude::*;
use proptest::sample::select;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::table::{FUNCTIONS, HostFunction};
use super::{Compat, Config, Sysenv};
use crate::host::abi::{Slot, Width};
use crate::host::sys;
use crate::wasi::Capture;
use crate::{Engine, ErrorKind, Instance, Linker, Memory, Module, Store, Val, ValType};

const WIDTHS: [Width; 2] = [Width::W32, Width::W64];

/// A directory with a file `old` and a directory `dir`.
struct Place(PathBuf);

impl Place {
    fn new() -> Place {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wasmvm-sysenv-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("dir")).unwrap();
        std::fs::write(path.join("old"), "contents").unwrap();
        Place(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn config(&self) -> Config {
        Config::new().preopen(&self.0, "/data").args(["program", "one"]).env("VAR", "value")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A guest that passes calls on, with what it points to in its memory.
struct Guest {
    store: Store<Sysenv>,
    instance: Instance,
}

/// What the guests' memories begin with, by position.
const TEXTS: [(u64, &str); 6] =
    [(0, "x"), (8, "old"), (16, "new"), (24, "VAR"), (32, "dir"), (40, "a\\00b")];
const MEMORY_BYTES: u64 = 65_536;

impl Guest {
    fn new(config: Config, width: Width, memories: &str) -> Guest {
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        super::add_to_linker(&mut linker, |sysenv| sysenv).unwrap();
        let module = Module::new(&engine, wat::parse_str(text(width, memories)).unwrap()).unwrap();
        let mut store = Store::new(&engine, Sysenv::new(config).unwrap());
        let instance = linker.instantiate(&mut store, &module).unwrap();
        Guest { store, instance }
    }

    /// One memory of a page, which is not exported as `memory`.
    fn usual(config: Config, width: Width) -> Guest {
        let texts = TEXTS.map(|(at, text)| format!("(data (i32.const {at}) \"{text}\")"));
        Guest::new(config, width, &format!("(memory (export \"ram\") 1) {}", texts.concat()))
    }

    fn call(&mut self, name: &str, args: &[i64]) -> i64 {
        let func = self.instance.func(&self.store, name).unwrap();
        let ty = func.ty(&self.store).unwrap();
        let value = |(ty, &arg): (&ValType, &i64)| match ty {
            ValType::I32 => Val::I32(arg as i32),
            _ => Val::I64(arg),
        };
        let args: Vec<Val> = ty.params.iter().zip(args).map(value).collect();
        let mut results: Vec<Val> = ty.results.iter().map(|&ty| Val::default_for(ty)).collect();
        func.call(&mut self.store, &args, &mut results).unwrap();
        match results.first() {
            Some(Val::I32(result)) => (*result).into(),
            Some(Val::I64(result)) => *result,
            _ => 0,
        }
    }

    fn ram(&self) -> Memory {
        self.instance.memory(&self.store, "ram").unwrap()
    }

    fn bytes(&self, at: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.ram().read(&self.store, at, &mut bytes).unwrap();
        bytes
    }
}

/// A module that exports, under its name, a function for each one that it imports.
fn text(width: Width, memories: &str) -> String {
    let (mut imports, mut exports) = (String::new(), String::new());
    for function in FUNCTIONS.iter().filter(|function| function.result.is_some()) {
        let HostFunction { module, name, .. } = function;
        let ty = function.ty(width);
        let list = |types: &[ValType]| types.iter().map(|ty| format!(" {ty}")).collect::<String>();
        let ty = format!("(param{}) (result{})", list(&ty.params), list(&ty.results));
        imports += &format!("(import \"{module}\" \"{name}\" (func ${name} {ty}))\n");
        let args: String = (0..function.params.len()).map(|i| format!("(local.get {i})")).collect();
        exports += &format!("(func (export \"{name}\") {ty} (call ${name} {args}))\n");
    }
    format!("(module {imports} {memories} {exports})")
}

/// Arguments with which each function succeeds.
fn arguments(function: &HostFunction, dir_fd: i64) -> Vec<i64> {
    let path = match function.name {
        "open" | "mkdir" => (0, 1),
        "opendir" | "rmdir" => (32, 3),
        _ => (8, 3),
    };
    let value = |name: &str| match (name, function.name) {
        ("path", _) => path.0,
        ("path_len", _) => path.1,
        ("old", _) => 8,
        ("new", _) => 16,
        ("name", _) => 24,
        ("old_len" | "new_len" | "name_len", _) => 3,
        ("flags", _) => (sys::O_CREAT | sys::O_RDWR).into(),
        ("mode", _) => 0o755,
        ("fd", "lseek" | "fstat" | "close") => dir_fd + 1,
        ("fd", "read") => 0,
        ("fd", _) => 1,
        ("dir_fd", _) => dir_fd,
        ("buf" | "stat_buf" | "entry" | "ts", _) => 1024,
        ("buf_len", _) => 64,
        ("idx" | "clk_id" | "offset" | "whence", _) => 0,
        other => panic!("{other:?}"),
    };
    function.params.iter().map(|param| value(param.name)).collect()
}

/// Opens a directory (the descriptor that is given) and a file (the next one).
fn prepare(guest: &mut Guest) -> i64 {
    let dir = guest.call("opendir", &[32, 3]);
    assert_eq!(dir, 3);
    assert_eq!(guest.call("open", &[8, 3, 0, 0]), 4);
    dir
}

#[test]
fn every_function_works_in_both_widths() {
    for width in WIDTHS {
        for function in FUNCTIONS.iter().filter(|function| function.result.is_some()) {
            let place = Place::new();
            std::fs::write(place.0.join("dir/inside"), "").unwrap();
            let mut guest = Guest::usual(place.config(), width);
            let dir = prepare(&mut guest);
            if function.name == "rmdir" {
                std::fs::remove_file(place.0.join("dir/inside")).unwrap();
            }
            let result = guest.call(function.name, &arguments(function, dir));
            assert!(result >= 0, "{} {width:?}: {result}", function.name);
        }
    }
}

/// A function and its arguments: descriptors that there are, places in the memory and around its
/// end, short and long lengths.
fn any_call() -> impl Strategy<Value = (usize, [u32; 4])> {
    let end = MEMORY_BYTES as u32;
    let number = prop_oneof![
        0..8u32,
        0..64u32,
        Just(1024),
        end - 300..end + 2,
        select(&[u32::MAX, 0x8000_0000, 0x7FFF_FFFF, 0xFFFF_FFF8][..]),
        select(&[sys::O_CREAT, sys::O_RDWR, sys::O_CREAT | sys::O_RDWR, sys::O_DIRECTORY][..])
            .prop_map(|flags| flags as u32),
    ];
    // With arguments of the last kind a call often succeeds.
    let path = (0..6usize, number.clone(), number.clone())
        .prop_map(|(at, a, b)| [TEXTS[at].0 as u32, TEXTS[at].1.len() as u32, a, b]);
    let any = [number.clone(), number.clone(), number.clone(), number];
    (0..FUNCTIONS.len(), prop_oneof![any, path])
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(1),
        ..Default::default()
    })]
    /// The same calls with addresses of 32 and of 64 bits: the same results, the same bytes, the
    /// same files. Where a sum of position and length exceeds 32 bits is no difference either.
    #[test]
    fn any_calls_do_the_same_in_both_widths(calls in proptest::collection::vec(any_call(), 40)) {
        let places = [Place::new(), Place::new()];
        let mut guests = [0, 1].map(|n: usize| {
            let stdin = std::io::Cursor::new(b"what is read".repeat(20));
            Guest::usual(places[n].config().stdin(stdin).stdout(Capture::new()), WIDTHS[n])
        });
        for (function, numbers) in calls {
            let HostFunction { name, params, result, .. } = &FUNCTIONS[function];
            if result.is_none() {
                continue;
            }
            let args: Vec<i64> = params
                .iter()
                .zip(numbers)
                .map(|(param, number)| match param.slot {
                    Slot::Address => number.into(),
                    Slot::Narrow | Slot::Wide => (number as i32).into(),
                })
                .collect();
            let results = guests.each_mut().map(|guest| guest.call(name, &args));
            prop_assert_eq!(results[0], results[1], "{}{:?}", name, args);
            if let Some(at) = params.iter().position(|param| param.name == "stat_buf")
                && results[0] == 0
            {
                // Two directories are two: device, number, times.
                for guest in &mut guests {
                    let (ram, at) = (guest.ram(), args[at] as u64);
                    ram.write(&mut guest.store, at, &[0; 8]).unwrap();
                    ram.write(&mut guest.store, at + 32, &[0; 24]).unwrap();
                }
            }
            let bytes = guests.each_ref().map(|guest| guest.bytes(0, MEMORY_BYTES as usize));
            prop_assert!(bytes[0] == bytes[1], "{}{:?}: memory", name, args);
        }
        prop_assert_eq!(places[0].names(), places[1].names());
        for name in places[0].names() {
            let contents = places.each_ref().map(|place| std::fs::read(place.0.join(&name)).ok());
            prop_assert_eq!(&contents[0], &contents[1], "{}", name);
        }
    }
}

/// The attacks: functions of (position, length) or of a position alone.
fn attacks(width: Width, size: i64) -> Vec<(i64, Option<i64>)> {
    let end = MEMORY_BYTES as i64;
    let wide: &[_] = &[
        (i64::MAX, Some(2)),
        (0x100, Some(i64::MIN)),
        (1 << 32, Some(1)),
        (0, Some(1 << 32)),
        (i64::MIN, None),
        (i64::MAX, None),
        (1 << 32, None),
        (1 << 60, None),
        (1 << 60, Some(1)),
    ];
    let mut all = vec![
        (end, Some(1)),
        (end - 1, Some(2)),
        (end + 1, Some(0)),
        (-1, Some(2)),
        (-1, Some(1)),
        (0x100, Some(-0x100)),
        (0x100, Some(-1)),
        (1, Some(end)),
        (end - size + 1, None),
        (end, None),
        (-1, None),
        (-size, None),
    ];
    if width == Width::W64 {
        all.extend(wide);
    }
    all
}

#[test]
fn pointers_that_lead_outside_are_faults_without_effect() {
    let mut count = 0;
    for width in WIDTHS {
        for function in FUNCTIONS.iter().filter(|function| function.has_widths()) {
            let place = Place::new();
            std::fs::write(place.0.join("dir/inside"), "").unwrap();
            let out = Capture::new();
            let config = place.config().stdin(std::io::repeat(7)).stdout(out.clone());
            let mut guest = Guest::usual(config, width);
            let dir = prepare(&mut guest);
            let before = guest.bytes(0, MEMORY_BYTES as usize);
            let usual = arguments(function, dir);
            for (i, param) in function.params.iter().enumerate() {
                let is_length = param.name.ends_with("_len");
                if param.slot != Slot::Address || is_length {
                    continue;
                }
                let has_length =
                    function.params.get(i + 1).is_some_and(|next| next.name.ends_with("_len"));
                let size = if param.name == "entry" { 260 } else { 12 };
                for (at, len) in attacks(width, size) {
                    if len.is_some() != has_length {
                        continue;
                    }
                    let mut args = usual.clone();
                    args[i] = at;
                    if let Some(len) = len {
                        args[i + 1] = len;
                    }
                    let result = guest.call(function.name, &args);
                    let what = format!("{} {width:?} {args:?}", function.name);
                    assert_eq!(result, -i64::from(sys::EFAULT), "{what}");
                    assert!(guest.bytes(0, MEMORY_BYTES as usize) == before, "{what}");
                    count += 1;
                }
            }
            assert_eq!(place.names(), ["dir", "old"], "{}", function.name);
            assert_eq!(out.contents(), b"", "{}", function.name);
        }
    }
    assert!(count > 200, "{count} attacks");
}

#[test]
fn without_a_memory_every_pointer_is_a_fault() {
    for width in WIDTHS {
        for function in FUNCTIONS.iter().filter(|function| function.has_widths()) {
            let place = Place::new();
            let mut guest = Guest::new(place.config(), width, "");
            let mut args = arguments(function, 3);
            if let Some(at) = function.params.iter().position(|param| param.name == "dir_fd") {
                // A directory is opened without the guest.
                let (dir, path) = guest.store.data().world.find(b"dir").unwrap();
                let node = dir.open_host(&path, sys::O_RDONLY | sys::O_DIRECTORY, 0).unwrap();
                let crate::host::fs::Node::Dir(dir) = node else { panic!("a directory") };
                let open = super::File::Dir(super::files::OpenDir::new(dir));
                args[at] = guest.store.data_mut().files.insert(open).into();
            }
            if function.name == "fstat" {
                args[0] = 1;
            }
            let result = guest.call(function.name, &args);
            assert_eq!(result, -i64::from(sys::EFAULT), "{} {width:?}", function.name);
            assert_eq!(place.names(), ["dir", "old"], "{}", function.name);
        }
    }
}

#[test]
fn a_closed_descriptor_is_told_before_a_bad_pointer() {
    let place = Place::new();
    for width in WIDTHS {
        let mut guest = Guest::usual(place.config(), width);
        for (name, args) in [
            ("read", &[99, -1, 2][..]),
            ("write", &[99, -1, 2]),
            ("fstat", &[99, -1]),
            ("readdir", &[99, -1]),
            ("readdir", &[1, -1]),
            ("closedir", &[1]),
            ("close", &[99]),
            ("close", &[-1]),
            ("lseek", &[99, 0, 0]),
        ] {
            assert_eq!(guest.call(name, args), -i64::from(sys::EBADF), "{name}");
        }
        assert_eq!(guest.call("close", &[1]), 0);
        assert_eq!(guest.call("write", &[1, 0, 1]), -i64::from(sys::EBADF));
    }
}

#[test]
fn descriptors_are_not_used_again() {
    let place = Place::new();
    let mut guest = Guest::usual(place.config(), Width::W64);
    for fd in 3..100 {
        assert_eq!(guest.call("open", &[8, 3, 0, 0]), fd);
        assert_eq!(guest.call("close", &[fd]), 0);
    }
    for fd in 100..100 + 16_384 - 3 {
        let file = super::File::Writer(Box::new(std::io::sink()));
        assert_eq!(guest.store.data_mut().files.insert(file), fd);
    }
    let path = [8, 3, (sys::O_CREAT | sys::O_TRUNC | sys::O_WRONLY).into(), 0];
    assert_eq!(guest.call("open", &path), -i64::from(sys::EMFILE));
    assert_eq!(guest.call("opendir", &[32, 3]), -i64::from(sys::EMFILE));
    // Nothing has happened to the file.
    assert_eq!(std::fs::read(place.0.join("old")).unwrap(), b"contents");
}

#[test]
fn paths_stay_inside() {
    let place = Place::new();
    std::os::unix::fs::symlink("/etc", place.0.join("out")).unwrap();
    let mut guest = Guest::usual(place.config(), Width::W32);
    let stat = |guest: &mut Guest, path: &str| {
        guest.ram().write(&mut guest.store, 2048, path.as_bytes()).unwrap();
        guest.call("stat", &[2048, path.len() as i64, 4096])
    };
    for (path, result) in [
        ("old", 0),
        ("/data/old", 0),
        ("/data/dir/../old", 0),
        (".", 0),
        ("/data", 0),
        ("../data/old", -1),
        ("..", -1),
        ("out/passwd", -1),
        ("/etc/passwd", -2),
        ("/", -2),
        ("", -2),
        ("a\0b", -22),
    ] {
        assert_eq!(stat(&mut guest, path), result, "{path:?}");
    }
    // What a sandbox has no word for is refused; a read-only one says so.
    assert_eq!(guest.call("open", &[8, 3, i64::from(libc::O_PATH), 0]), -i64::from(sys::EINVAL));
    let config = Config::new().preopen_ro(&place.0, "/data");
    let mut guest = Guest::usual(config, Width::W32);
    let rofs = -i64::from(sys::EROFS);
    assert_eq!(guest.call("open", &[8, 3, sys::O_RDWR.into(), 0]), rofs);
    assert_eq!(guest.call("mkdir", &[0, 1, 0o755]), rofs);
    assert_eq!(guest.call("unlink", &[8, 3]), rofs);
    assert_eq!(guest.call("open", &[8, 3, 0, 0]), 3);
}

#[test]
fn the_current_directory_is_the_guests() {
    let place = Place::new();
    let mut guest = Guest::usual(place.config().cwd("/data/dir"), Width::W64);
    assert_eq!(guest.call("getcwd", &[1024, 64]), 10);
    assert_eq!(guest.bytes(1024, 10), b"/data/dir\0");
    assert_eq!(guest.call("getcwd", &[1024, 9]), -i64::from(sys::ERANGE));
    assert_eq!(guest.call("mkdir", &[0, 1, 0o700]), 0);
    assert!(place.0.join("dir/x").is_dir());
    assert!(Sysenv::new(place.config().cwd("/data/none")).is_err());
    assert!(Sysenv::new(place.config().cwd("/data/old")).is_err());
    // The whole file system, from a directory of it.
    let config = Config::new().ambient().cwd(place.0.join("dir"));
    let mut guest = Guest::usual(config, Width::W32);
    let len = guest.call("getcwd", &[1024, 4096]);
    let cwd = guest.bytes(1024, len as usize - 1);
    assert_eq!(
        String::from_utf8(cwd).unwrap(),
        place.0.canonicalize().unwrap().join("dir").to_str().unwrap()
    );
    assert_eq!(guest.call("rmdir", &[0, 1]), 0);
    assert!(!place.0.join("dir/x").exists());
}

#[test]
fn the_older_version_behaves_as_it_did() {
    let place = Place::new();
    std::fs::write(place.0.join("dir/inside"), "").unwrap();
    let read = |compat| {
        let mut guest = Guest::usual(place.config().compat(compat), Width::W32);
        let dir = guest.call("opendir", &[32, 3]);
        let results = [(); 3].map(|()| guest.call("readdir", &[dir, 1024]));
        let nul = guest.call("open", &[40, 3, 0, 0]);
        (results, guest.bytes(1028, 8), nul)
    };
    assert_eq!(read(Compat::None), ([1, 0, 0], b"\x08inside\0".to_vec(), -22));
    assert_eq!(read(Compat::V1_4), ([0, 1, 1], b"\x08inside\0".to_vec(), -2));

    // Tags lead into other memories, in wide pointers only.
    let memories = "(memory (export \"ram\") 1) (memory (export \"other\") i64 1)
        (data (memory 1) (i64.const 8) \"old\")";
    let mut guest = Guest::new(place.config().compat(Compat::V1_4), Width::W64, memories);
    let tag = |index: i64| index << 60;
    assert_eq!(guest.call("stat", &[tag(1) | 8, 3, 256]), 0);
    assert_eq!(guest.bytes(256 + 24, 8), 8u64.to_le_bytes());
    assert_eq!(guest.call("stat", &[tag(1) | 8, 3, tag(2)]), -14);
    assert_eq!(guest.call("stat", &[8, 3, 256]), -2);
    let mut plain = Guest::new(place.config(), Width::W64, memories);
    assert_eq!(plain.call("stat", &[tag(1) | 8, 3, 256]), -14);
}

#[test]
fn standard_streams_and_the_environment() {
    let out = Capture::new();
    let config = Config::new().stdin(&b"input"[..]).stdout(out.clone());
    let config = config.args(["p", "äö"]).env("VAR", "1").env("VAR", "value");
    let mut guest = Guest::usual(config, Width::W32);
    assert_eq!(guest.call("write", &[1, 8, 3]), 3);
    assert_eq!(out.contents(), b"old");
    assert_eq!(guest.call("read", &[0, 1024, 3]), 3);
    assert_eq!(guest.call("read", &[0, 1027, 100]), 2);
    assert_eq!(guest.call("read", &[0, 1027, 100]), 0);
    assert_eq!(guest.bytes(1024, 5), b"input");
    assert_eq!(guest.call("read", &[1, 1024, 3]), -i64::from(sys::EBADF));
    assert_eq!(guest.call("lseek", &[1, 0, 1]), -i64::from(sys::ESPIPE));
    assert_eq!(guest.call("lseek", &[1, 0, 3]), -i64::from(sys::EINVAL));
    assert_eq!(guest.call("argc", &[]), 2);
    assert_eq!(guest.call("argv_len", &[1]), 4);
    for (idx, result) in [(-1, -22), (2, -22), (0, 1)] {
        assert_eq!(guest.call("argv", &[idx, 1024, 8]), result);
    }
    assert_eq!(guest.call("argv", &[1, 1024, 3]), 3);
    assert_eq!(guest.call("getenv", &[24, 3, 1024, 6]), 5);
    assert_eq!(guest.bytes(1024, 6), b"value\0");
    assert_eq!(guest.call("getenv", &[24, 3, 2000, 5]), -i64::from(sys::ERANGE));
    assert_eq!(guest.bytes(2000, 5), [0; 5]);
    assert_eq!(guest.call("getenv", &[8, 3, 1024, 6]), -i64::from(sys::ENOENT));
    assert_eq!(guest.call("clock_gettime", &[2, 1024]), -i64::from(sys::EINVAL));
    // Time is made up unless the system's is asked for.
    let time = |guest: &mut Guest, clock| {
        assert_eq!(guest.call("clock_gettime", &[clock, 1024]), 0);
        let bytes = guest.bytes(1024, 12);
        let seconds = i64::from_le_bytes(bytes[..8].try_into().unwrap());
        (seconds, i32::from_le_bytes(bytes[8..].try_into().unwrap()))
    };
    assert_eq!(time(&mut guest, 0), (1_640_995_200, 1_000_000));
    assert_eq!(time(&mut guest, 1), (0, 2_000_000));
    let mut guest = Guest::usual(Config::new().inherit_system(), Width::W32);
    assert!(time(&mut guest, 0).0 > 1_700_000_000);
    let (before, after) = (time(&mut guest, 1), time(&mut guest, 1));
    assert!(before <= after && before > (0, 2_000_000));
}

#[test]
fn a_type_that_is_neither_is_told_with_both() {
    let engine = Engine::default();
    let mut linker = Linker::<Sysenv>::new(&engine);
    super::add_to_linker(&mut linker, |sysenv| sysenv).unwrap();
    let mut store = Store::new(&engine, Sysenv::new(Config::new()).unwrap());
    let mut link = |params: &str| {
        let text = format!(
            "(module (import \"sys_fs\" \"read\" (func (param {params}) (result i32)))
                (import \"sys_fs\" \"write\" (func (param i32 i64 i64) (result i32)))
                (import \"sys_fs\" \"unlink\" (func (param i32 i32) (result i32))))"
        );
        let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
        linker.instantiate(&mut store, &module)
    };
    // One module may mix both.
    assert!(link("i32 i32 i32").is_ok());
    assert!(link("i32 i64 i64").is_ok());
    let error = link("i32 i32 i64").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Link);
    let text = error.to_string();
    for ty in ["[i32 i32 i64]", "[i32 i32 i32]", "[i32 i64 i64]"] {
        assert!(text.contains(ty), "{text}");
    }
}

#[test]
fn the_document_lists_every_function() {
    let document = include_str!("../../../docs/sysenv.md");
    for function in FUNCTIONS {
        let HostFunction { name, doc, params, .. } = function;
        let params: Vec<&str> = params.iter().map(|param| param.name).collect();
        let row = format!("| `{name}({})` | {}", params.join(", "), doc.trim());
        assert!(document.contains(&row), "docs/sysenv.md needs: {row}");
    }
}
