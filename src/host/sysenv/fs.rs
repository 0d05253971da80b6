//! `sys_fs`: files, directories and what they are called.

use super::Compat;
use super::call::{Cx, Outcome};
use super::files::{Entry, File, OpenDir};
use crate::host::fs::{Node, PATH_MAX_BYTES};
use crate::host::sys::{self, NodeType, OsError, Stat, Time, Whence};

impl Cx<'_> {
    pub(super) fn open(&mut self, path: u64, path_len: u64, flags: i32, mode: u32) -> Outcome {
        let path = self.path(path, path_len)?;
        self.sysenv.files.room()?;
        let (dir, path) = self.sysenv.world.find(&path)?;
        let file = match dir.open_host(&path, flags, mode)? {
            Node::Dir(dir) => File::Dir(OpenDir::new(dir)),
            Node::Other { handle, .. } => File::Open(handle),
        };
        Ok(self.sysenv.files.insert(file).into())
    }

    pub(super) fn close(&mut self, fd: i32) -> Outcome {
        self.sysenv.files.close(fd).map(|()| 0)
    }

    pub(super) fn read(&mut self, fd: i32, buf: u64, buf_len: u64) -> Outcome {
        let file = self.sysenv.files.get(fd)?;
        let count = self.ram.at(buf, |mut memory, at| {
            let buffer = memory.slice_mut(at, buf_len)?;
            let len = buffer.len().min(TRANSFER_MAX);
            file.read(&mut buffer[..len])
        })?;
        Ok(count as i64)
    }

    pub(super) fn write(&mut self, fd: i32, buf: u64, buf_len: u64) -> Outcome {
        let file = self.sysenv.files.get(fd)?;
        let count = self.ram.at(buf, |memory, at| {
            let buffer = memory.slice(at, buf_len)?;
            file.write(&buffer[..buffer.len().min(TRANSFER_MAX)])
        })?;
        Ok(count as i64)
    }

    pub(super) fn lseek(&mut self, fd: i32, offset: i64, whence: i32) -> Outcome {
        let file = self.sysenv.files.get(fd)?;
        let whence = match whence {
            0 => Whence::Start,
            1 => Whence::Current,
            2 => Whence::End,
            _ => return Err(OsError(sys::EINVAL)),
        };
        Ok(file.seek(offset, whence)? as i64)
    }

    pub(super) fn stat(&mut self, path: u64, path_len: u64, stat_buf: u64) -> Outcome {
        let path = self.path(path, path_len)?;
        self.ram.check(stat_buf, STAT_BYTES)?;
        let (dir, path) = self.sysenv.world.find(&path)?;
        let stat = dir.stat(&path, true)?;
        self.put_stat(stat_buf, &stat)
    }

    pub(super) fn fstat(&mut self, fd: i32, stat_buf: u64) -> Outcome {
        let stat = self.sysenv.files.get(fd)?.stat()?;
        self.put_stat(stat_buf, &stat)
    }

    pub(super) fn unlink(&mut self, path: u64, path_len: u64) -> Outcome {
        let path = self.path(path, path_len)?;
        let (dir, path) = self.sysenv.world.find(&path)?;
        dir.unlink(&path).map(|()| 0)
    }

    pub(super) fn rename(&mut self, old: u64, old_len: u64, new: u64, new_len: u64) -> Outcome {
        let (old, new) = (self.path(old, old_len)?, self.path(new, new_len)?);
        let (old_dir, old) = self.sysenv.world.find(&old)?;
        let (new_dir, new) = self.sysenv.world.find(&new)?;
        old_dir.rename(&old, new_dir, &new).map(|()| 0)
    }

    pub(super) fn mkdir(&mut self, path: u64, path_len: u64, mode: u32) -> Outcome {
        let path = self.path(path, path_len)?;
        let (dir, path) = self.sysenv.world.find(&path)?;
        dir.make_dir_as(&path, mode).map(|()| 0)
    }

    pub(super) fn rmdir(&mut self, path: u64, path_len: u64) -> Outcome {
        let path = self.path(path, path_len)?;
        let (dir, path) = self.sysenv.world.find(&path)?;
        dir.remove_dir(&path).map(|()| 0)
    }

    pub(super) fn getcwd(&mut self, buf: u64, buf_len: u64) -> Outcome {
        self.ram.check(buf, buf_len)?;
        let text = [&*self.sysenv.world.cwd()?, b"\0"].concat();
        if buf_len < text.len() as u64 {
            return Err(OsError(sys::ERANGE));
        }
        self.ram.put(buf, &text)?;
        Ok(text.len() as i64)
    }

    pub(super) fn opendir(&mut self, path: u64, path_len: u64) -> Outcome {
        let path = self.path(path, path_len)?;
        self.sysenv.files.room()?;
        let (dir, path) = self.sysenv.world.find(&path)?;
        let flags = sys::O_RDONLY | sys::O_DIRECTORY | sys::O_CLOEXEC;
        match dir.open_host(&path, flags, 0)? {
            Node::Dir(dir) => Ok(self.sysenv.files.insert(File::Dir(OpenDir::new(dir))).into()),
            Node::Other { .. } => Err(OsError(sys::ENOTDIR)),
        }
    }

    pub(super) fn readdir(&mut self, dir_fd: i32, entry: u64) -> Outcome {
        let (written, end) = match self.sysenv.compat {
            Compat::None => (1, 0),
            Compat::V1_4 => (0, 1),
        };
        let dir = self.sysenv.files.dir(dir_fd)?;
        self.ram.check(entry, DIRENT_BYTES as u64)?;
        match dir.next()? {
            Some(found) => self.ram.put(entry, &dirent(&found)).map(|()| written),
            None => Ok(end),
        }
    }

    pub(super) fn closedir(&mut self, dir_fd: i32) -> Outcome {
        self.sysenv.files.dir(dir_fd)?;
        self.close(dir_fd)
    }

    fn path(&mut self, path: u64, path_len: u64) -> sys::Result<Vec<u8>> {
        let max = PATH_MAX_BYTES as u64;
        let mut path = self.ram.text(path, path_len, max, sys::ENAMETOOLONG)?;
        if self.sysenv.compat == Compat::V1_4
            && let Some(end) = path.iter().position(|&byte| byte == 0)
        {
            path.truncate(end);
        }
        Ok(path)
    }

    fn put_stat(&mut self, stat_buf: u64, stat: &Stat) -> Outcome {
        let mut bytes = Vec::with_capacity(STAT_BYTES as usize);
        // Inodes and devices have 32 bits here: the low ones.
        for narrow in [
            stat.dev as u32,
            stat.ino as u32,
            stat.mode,
            u32::try_from(stat.nlink).unwrap_or(u32::MAX),
            stat.uid,
            stat.gid,
        ] {
            bytes.extend(narrow.to_le_bytes());
        }
        for wide in
            [stat.size, nanoseconds(stat.atime), nanoseconds(stat.mtime), nanoseconds(stat.ctime)]
        {
            bytes.extend(wide.to_le_bytes());
        }
        self.ram.put(stat_buf, &bytes).map(|()| 0)
    }
}

/// A directory entry as the guest sees it.
fn dirent(entry: &Entry) -> [u8; DIRENT_BYTES] {
    let mut bytes = [0; DIRENT_BYTES];
    bytes[..4].copy_from_slice(&(entry.ino as u32).to_le_bytes());
    bytes[4] = match entry.node_type {
        NodeType::File => 8,
        NodeType::Dir => 4,
        NodeType::Link => 10,
        _ => 0,
    };
    let name = cut(&entry.name);
    bytes[5..5 + name.len()].copy_from_slice(name);
    bytes
}

/// As much of a name as an entry has room for, its NUL excepted, without half a character.
fn cut(name: &[u8]) -> &[u8] {
    if name.len() <= NAME_MAX_BYTES {
        return name;
    }
    // At most three bytes continue a character; others are no UTF-8, and cut where they are.
    let starts = |end: usize| name[end] & 0xC0 != 0x80;
    let end = (NAME_MAX_BYTES - 3..=NAME_MAX_BYTES).rev().find(|&end| starts(end));
    &name[..end.unwrap_or(NAME_MAX_BYTES)]
}

/// Since 1970; what was before is 1970.
fn nanoseconds(time: Time) -> u64 {
    let seconds = u64::try_from(time.seconds).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(time.nanoseconds as u64)
}

const STAT_BYTES: u64 = 56;
const DIRENT_BYTES: usize = 260;
const NAME_MAX_BYTES: usize = 254;
/// A longer result could not be told from an error.
const TRANSFER_MAX: usize = i32::MAX as usize;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_between_characters() {
        let entry = |name: &str| Entry {
            name: name.as_bytes().into(),
            ino: 0x1_0203_0405,
            node_type: NodeType::Link,
        };
        let bytes = dirent(&entry("ab"));
        assert_eq!(bytes[..8], [5, 4, 3, 2, 10, b'a', b'b', 0]);
        assert_eq!(cut("x".repeat(300).as_bytes()).len(), 254);
        assert_eq!(cut("ä".repeat(140).as_bytes()).len(), 254);
        assert_eq!(cut(format!("x{}", "ä".repeat(140)).as_bytes()).len(), 253);
        assert_eq!(cut("€".repeat(90).as_bytes()).len(), 252);
        assert_eq!(cut(&[0x80; 300]).len(), 254);
        assert_eq!(dirent(&entry(&"x".repeat(300)))[259], 0);
    }

    #[test]
    fn times_do_not_wrap() {
        assert_eq!(nanoseconds(Time { seconds: 1, nanoseconds: 5 }), 1_000_000_005);
        assert_eq!(nanoseconds(Time { seconds: -1, nanoseconds: 0 }), 0);
        assert_eq!(nanoseconds(Time { seconds: i64::MAX, nanoseconds: 0 }), u64::MAX);
    }
}
