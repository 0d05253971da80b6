//! Every function of `sys_fs` and `sys_proc`, once: name, parameters, meaning. Linking, in both
//! widths, and the tests derive from it.

use super::call::{Cx, Outcome};
use crate::host::abi::{Slot, Width};
use crate::{FuncType, ValType};

/// A function of the host.
pub(super) struct HostFunction {
    pub module: &'static str,
    pub name: &'static str,
    /// What it does, in a sentence.
    #[cfg_attr(not(test), allow(dead_code))] // for the documentation
    pub doc: &'static str,
    pub params: &'static [Param],
    pub result: Option<Slot>,
    pub body: Body,
}

/// A parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Param {
    #[cfg_attr(not(test), allow(dead_code))] // for the documentation
    pub name: &'static str,
    pub slot: Slot,
}

/// How a function runs.
pub(super) enum Body {
    /// A negative result is an error: the host's number of it.
    Result(fn(&mut Cx<'_>, &[u64]) -> Outcome),
    /// It ends the program, with its argument as the exit code.
    Exit,
}

impl HostFunction {
    /// The type that a module imports it with where addresses are so wide.
    pub(super) fn ty(&self, width: Width) -> FuncType {
        let params = self.params.iter().map(|param| param.slot.ty(width));
        let results: Box<[ValType]> = self.result.iter().map(|slot| slot.ty(width)).collect();
        FuncType { params: params.collect(), results }
    }

    /// Whether its two types differ.
    pub(super) fn has_widths(&self) -> bool {
        self.params.iter().any(|param| param.slot == Slot::Address)
    }

    /// The arguments as numbers that sums of do not wrap.
    pub(super) fn arguments(&self, slots: &mut [u64], width: Width) {
        for (slot, param) in slots.iter_mut().zip(self.params) {
            if param.slot.ty(width) == ValType::I32 {
                *slot = u64::from(*slot as u32);
            }
        }
    }
}

macro_rules! functions { ($($module:ident { $(
    #[doc = $doc:literal]
    $name:ident($($param:ident: $kind:ident),*) -> $result:ident;
)* })*) => {
    /// Every function.
    pub(super) static FUNCTIONS: &[HostFunction] = &[$($(HostFunction {
        module: stringify!($module),
        name: stringify!($name),
        doc: $doc,
        params: &[$(Param { name: stringify!($param), slot: functions!(@slot $kind) }),*],
        result: functions!(@result $result),
        body: functions!(@body $result $name($($param: $kind),*)),
    },)*)*];
};
    (@slot Ptr) => { Slot::Address };
    (@slot Len) => { Slot::Address };
    (@slot I64) => { Slot::Wide };
    (@slot $narrow:ident) => { Slot::Narrow };
    (@result never) => { None };
    (@result I64) => { Some(Slot::Wide) };
    (@result I32) => { Some(Slot::Narrow) };
    (@body never $name:ident($($param:ident: $kind:ident),*)) => { Body::Exit };
    (@body $result:ident $name:ident($($param:ident: $kind:ident),*)) => {
        Body::Result(|cx, slots| {
            #[allow(unused_mut, unused_variables)]
            let mut slots = slots.iter().copied();
            $(let $param = functions!(@take $kind slots.next().unwrap_or(0));)*
            cx.$name($($param),*)
        })
    };
    (@take Ptr $slot:expr) => { $slot };
    (@take Len $slot:expr) => { $slot };
    (@take I64 $slot:expr) => { $slot as i64 };
    (@take U32 $slot:expr) => { $slot as u32 };
    (@take $narrow:ident $slot:expr) => { $slot as u32 as i32 };
}

functions! {
    sys_fs {
        /// Opens a file: a new descriptor. Flags and mode are those of `open(2)` of the host.
        open(path: Ptr, path_len: Len, flags: I32, mode: U32) -> I32;
        /// Closes a file or a directory.
        close(fd: Fd) -> I32;
        /// Reads by one system call: how many bytes, 0 at the end.
        read(fd: Fd, buf: Ptr, buf_len: Len) -> I32;
        /// Writes by one system call: how many bytes.
        write(fd: Fd, buf: Ptr, buf_len: Len) -> I32;
        /// Moves the position of a file: where it is now.
        lseek(fd: Fd, offset: I64, whence: I32) -> I64;
        /// Tells of a file, through symbolic links.
        stat(path: Ptr, path_len: Len, stat_buf: Ptr) -> I32;
        /// Tells of an open file or directory.
        fstat(fd: Fd, stat_buf: Ptr) -> I32;
        /// Removes a file.
        unlink(path: Ptr, path_len: Len) -> I32;
        /// Renames a file or a directory.
        rename(old: Ptr, old_len: Len, new: Ptr, new_len: Len) -> I32;
        /// Makes a directory.
        mkdir(path: Ptr, path_len: Len, mode: U32) -> I32;
        /// Removes an empty directory.
        rmdir(path: Ptr, path_len: Len) -> I32;
        /// The current directory: its length with the NUL.
        getcwd(buf: Ptr, buf_len: Len) -> I32;
        /// Opens a directory to list it: a new descriptor.
        opendir(path: Ptr, path_len: Len) -> I32;
        /// The next entry of a directory: 1 if there was one, 0 at the end.
        readdir(dir_fd: Fd, entry: Ptr) -> I32;
        /// Closes a directory.
        closedir(dir_fd: Fd) -> I32;
    }
    sys_proc {
        /// Ends the program.
        exit(code: I32) -> never;
        /// How many arguments there are, the program itself included.
        argc() -> I32;
        /// The length of an argument without its NUL.
        argv_len(idx: I32) -> I32;
        /// Copies as much of an argument as fits: its length without the NUL.
        argv(idx: I32, buf: Ptr, buf_len: Len) -> I32;
        /// Copies an environment variable and its NUL: its length without it.
        getenv(name: Ptr, name_len: Len, buf: Ptr, buf_len: Len) -> I32;
        /// The time of a clock: 0 the real one, 1 the monotonic one.
        clock_gettime(clk_id: I32, ts: Ptr) -> I32;
    }
}
