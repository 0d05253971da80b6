//! A guest that does what it is told: it imports every function of WASI and exports each of them,
//! so that a test can call them one by one, from inside a guest, with any numbers.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use wasmvm::wasi::{self, Errno, Wasi};
use wasmvm::{Engine, Instance, Linker, Memory, Module, Store};

pub const PREVIEW1: &str = "wasi_snapshot_preview1";
pub const UNSTABLE: &str = "wasi_unstable";
pub const OK: Errno = Errno::SUCCESS;

/// Names and parameters (i: i32, l: i64), as the specification has them.
pub const FUNCTIONS: &[(&str, &str)] = &[
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "ili"),
    ("fd_advise", "illi"),
    ("fd_allocate", "ill"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "ill"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "il"),
    ("fd_filestat_set_times", "illi"),
    ("fd_pread", "iiili"),
    ("fd_prestat_get", "ii"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_pwrite", "iiili"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiili"),
    ("fd_renumber", "ii"),
    ("fd_seek", "ilii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiilli"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiillii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_exit", "i"),
    ("proc_raise", "i"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];

/// Where tests put paths, second paths, buffers and out-parameters.
pub const PATH: u64 = 0;
pub const PATH2: u64 = 0x2000;
pub const OUT: u64 = 0x4000;
pub const IOV: u64 = 0x4100;
pub const BUF: u64 = 0x5000;
pub const SUBSCRIPTIONS: u64 = 0x2_0000;
/// Units: bytes.
pub const MEMORY: u64 = 4 << 16;

pub const READ: u64 = 1 << 1;
pub const WRITE: u64 = 1 << 6;
pub const CREAT: u64 = 1;
pub const DIRECTORY: u64 = 2;
pub const EXCL: u64 = 4;
pub const TRUNC: u64 = 8;

pub struct Guest {
    pub store: Store<Wasi>,
    instance: Instance,
    memory: Memory,
}

impl Guest {
    pub fn new(wasi: Wasi) -> Guest {
        Guest::importing(PREVIEW1, wasi)
    }

    pub fn importing(module: &str, wasi: Wasi) -> Guest {
        let engine = Engine::default();
        let mut linker = Linker::<Wasi>::new(&engine);
        wasi::add_to_linker(&mut linker, |wasi| wasi).unwrap();
        Guest::linked(module, wasi, &linker, &engine)
    }

    pub fn linked(module: &str, wasi: Wasi, linker: &Linker<Wasi>, engine: &Engine) -> Guest {
        let module = Module::new(engine, wat::parse_str(text(module)).unwrap()).unwrap();
        let mut guest = Guest::of(&module, wasi, linker, engine);
        guest.memory.grow(&mut guest.store, MEMORY >> 16).unwrap();
        guest
    }

    fn of(module: &Module, wasi: Wasi, linker: &Linker<Wasi>, engine: &Engine) -> Guest {
        let mut store = Store::new(engine, wasi);
        let instance = linker.instantiate(&mut store, module).unwrap();
        let memory = instance.memory(&store, "memory").unwrap();
        Guest { store, instance, memory }
    }

    /// Makes the memory as large as this.
    pub fn grow_to(&mut self, bytes: u64) {
        let pages = bytes.saturating_sub(self.bytes().len() as u64) >> 16;
        self.memory.grow(&mut self.store, pages).unwrap();
    }

    /// Calls a function; an error is one of the host, such as an exit.
    pub fn try_call(&mut self, name: &str, args: &[u64]) -> Result<Errno, wasmvm::Error> {
        let func = self.instance.func(&self.store, name).expect(name);
        let mut slots = args.to_vec();
        slots.resize(args.len().max(1), 0);
        func.call_raw(&mut self.store, &mut slots)?;
        let errno = u16::try_from(slots[0]).ok().and_then(Errno::from_number);
        Ok(errno.unwrap_or_else(|| panic!("{name} answers {:#x}", slots[0])))
    }

    pub fn call(&mut self, name: &str, args: &[u64]) -> Errno {
        self.try_call(name, args).unwrap()
    }

    pub fn bytes(&mut self) -> &mut [u8] {
        self.memory.data_mut(&mut self.store).unwrap()
    }

    pub fn put(&mut self, at: u64, bytes: &[u8]) -> u64 {
        self.bytes()[at as usize..][..bytes.len()].copy_from_slice(bytes);
        bytes.len() as u64
    }

    pub fn get(&mut self, at: u64, len: u64) -> Vec<u8> {
        self.bytes()[at as usize..][..len as usize].to_vec()
    }

    pub fn u8(&mut self, at: u64) -> u8 {
        self.get(at, 1)[0]
    }

    pub fn u16(&mut self, at: u64) -> u16 {
        u16::from_le_bytes(self.get(at, 2).try_into().unwrap())
    }

    pub fn u32(&mut self, at: u64) -> u32 {
        u32::from_le_bytes(self.get(at, 4).try_into().unwrap())
    }

    pub fn u64(&mut self, at: u64) -> u64 {
        u64::from_le_bytes(self.get(at, 8).try_into().unwrap())
    }

    /// A function of a directory and a path, and what follows.
    pub fn path(&mut self, name: &str, dir: u64, path: &[u8], rest: &[u64]) -> Errno {
        let len = self.put(PATH, path);
        self.call(name, &[&[dir, PATH, len], rest].concat())
    }

    pub fn open(&mut self, dir: u64, path: &[u8], oflags: u64, rights: u64) -> Result<u64, Errno> {
        self.open_with(dir, 1, path, oflags, rights, 0)
    }

    pub fn open_with(
        &mut self,
        dir: u64,
        lookup: u64,
        path: &[u8],
        oflags: u64,
        rights: u64,
        fdflags: u64,
    ) -> Result<u64, Errno> {
        let len = self.put(PATH, path);
        let args = [dir, lookup, PATH, len, oflags, rights, rights, fdflags, OUT];
        match self.call("path_open", &args) {
            OK => Ok(self.u32(OUT).into()),
            errno => Err(errno),
        }
    }

    pub fn close(&mut self, fd: u64) {
        assert_eq!(self.call("fd_close", &[fd]), OK);
    }

    fn iovec(&mut self, at: u64, len: u64) {
        self.put(IOV, &(at as u32).to_le_bytes());
        self.put(IOV + 4, &(len as u32).to_le_bytes());
    }

    pub fn write(&mut self, fd: u64, bytes: &[u8]) -> Result<u64, Errno> {
        let len = self.put(BUF, bytes);
        self.iovec(BUF, len);
        match self.call("fd_write", &[fd, IOV, 1, OUT]) {
            OK => Ok(self.u32(OUT).into()),
            errno => Err(errno),
        }
    }

    pub fn read(&mut self, fd: u64, len: u64) -> Result<Vec<u8>, Errno> {
        self.iovec(BUF, len);
        match self.call("fd_read", &[fd, IOV, 1, OUT]) {
            OK => {
                let len = self.u32(OUT).into();
                Ok(self.get(BUF, len))
            }
            errno => Err(errno),
        }
    }

    /// The contents of a file, or why there are none.
    pub fn read_file(&mut self, dir: u64, path: &[u8]) -> Result<Vec<u8>, Errno> {
        let fd = self.open(dir, path, 0, READ)?;
        let bytes = self.read(fd, 4096);
        self.close(fd);
        bytes
    }

    /// The subscription number `i` of a poll.
    pub fn subscribe(&mut self, i: u64, to: Subscription) {
        let at = SUBSCRIPTIONS + 48 * i;
        self.put(at, &[0; 48]);
        self.put(at, &(1000 + i).to_le_bytes());
        match to {
            Subscription::Clock { id, timeout, absolute } => {
                self.put(at + 16, &(id as u32).to_le_bytes());
                self.put(at + 24, &timeout.to_le_bytes());
                self.put(at + 40, &u16::from(absolute).to_le_bytes());
            }
            Subscription::Read(fd) | Subscription::Write(fd) => {
                let tag = if matches!(to, Subscription::Read(_)) { 1 } else { 2 };
                self.put(at + 8, &[tag]);
                self.put(at + 16, &(fd as u32).to_le_bytes());
            }
        }
    }

    /// Polls the first `count` subscriptions.
    pub fn poll(&mut self, count: u64) -> Result<Vec<Event>, Errno> {
        match self.call("poll_oneoff", &[SUBSCRIPTIONS, BUF, count, OUT]) {
            OK => {
                let count = self.u32(OUT);
                Ok((0..u64::from(count)).map(|i| self.event(BUF + 32 * i)).collect())
            }
            errno => Err(errno),
        }
    }

    fn event(&mut self, at: u64) -> Event {
        Event {
            subscription: self.u64(at) - 1000,
            error: Errno::from_number(self.u16(at + 8)).unwrap(),
            tag: self.u8(at + 10),
            bytes: self.u64(at + 16),
            hangup: self.u16(at + 24) & 1 != 0,
        }
    }
}

pub enum Subscription {
    Clock { id: u64, timeout: u64, absolute: bool },
    Read(u64),
    Write(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    pub subscription: u64,
    pub error: Errno,
    pub tag: u8,
    pub bytes: u64,
    pub hangup: bool,
}

/// The guest as text.
fn text(module: &str) -> String {
    let mut imports = String::new();
    let mut exports = String::new();
    for (name, params) in FUNCTIONS {
        if module == UNSTABLE && *name == "sock_accept" {
            continue;
        }
        let ty = |c| if c == 'i' { " i32" } else { " i64" };
        let types: String = params.chars().map(ty).collect();
        let gets: String = (0..params.len()).map(|i| format!(" local.get {i}")).collect();
        let result = if *name == "proc_exit" { "" } else { "(result i32)" };
        imports +=
            &format!("(import \"{module}\" \"{name}\" (func ${name} (param{types}) {result}))\n");
        exports +=
            &format!("(func (export \"{name}\") (param{types}) {result}{gets} call ${name})\n");
    }
    format!("(module {imports} (memory (export \"memory\") 0) {exports})")
}

/// A directory that goes with the test.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Scratch {
        Scratch::within(&std::env::temp_dir())
    }

    pub fn within(place: &Path) -> Scratch {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wasmvm-wasi-{}-{count}", std::process::id());
        let path = place.join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Scratch(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Everything in a directory and below: path, what it is, contents, time of change. Two pictures
/// are equal if nothing was changed between them.
pub fn picture(root: &Path) -> Vec<(PathBuf, String, Vec<u8>)> {
    use std::os::unix::fs::MetadataExt;
    let mut all = Vec::new();
    let mut dirs = vec![root.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let meta = fs::symlink_metadata(&path).unwrap();
            let what = format!(
                "{:?} {} {} {} {}",
                meta.file_type(),
                meta.len(),
                meta.mtime_nsec(),
                meta.mtime(),
                meta.nlink()
            );
            let contents = if meta.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            if meta.is_dir() {
                dirs.push(path.clone());
            }
            all.push((path, what, contents));
        }
    }
    all.sort();
    all
}
