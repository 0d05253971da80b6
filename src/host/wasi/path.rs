//! The functions on paths. All the care is in the sandbox: see `host::fs`.

use super::call::{Cx, Outcome, flags};
use super::descriptor::{Descriptor, Kind};
use super::errno::Errno;
use super::fd::times;
use super::types::{fdflags, oflags, rights};
use crate::host::fs::{Dir, Node, OpenOptions, PATH_MAX_BYTES};

impl Cx<'_> {
    pub(super) fn path_create_directory(&mut self, fd: u32, path: u64, path_len: u64) -> Outcome {
        let (dir, path) = (self.dir(fd)?, self.path(path, path_len)?);
        Ok(dir.make_dir(path)?)
    }

    pub(super) fn path_filestat_get(
        &mut self,
        fd: u32,
        flags: u32,
        path: u64,
        path_len: u64,
        buf: u64,
    ) -> Outcome {
        self.memory.span(buf, self.snapshot.filestat_size())?;
        let stat = self.dir(fd)?.stat(self.path(path, path_len)?, follow(flags)?)?;
        Ok(self.snapshot.put_filestat(&mut self.memory, buf, &stat)?)
    }

    #[allow(clippy::too_many_arguments)] // the interface has them
    pub(super) fn path_filestat_set_times(
        &mut self,
        fd: u32,
        flags: u32,
        path: u64,
        path_len: u64,
        atim: u64,
        mtim: u64,
        fst_flags: u32,
    ) -> Outcome {
        let (dir, path) = (self.dir(fd)?, self.path(path, path_len)?);
        let (access, modify) = times(atim, mtim, fst_flags)?;
        Ok(dir.set_times(path, follow(flags)?, access, modify)?)
    }

    #[allow(clippy::too_many_arguments)] // the interface has them
    pub(super) fn path_link(
        &mut self,
        old_fd: u32,
        old_flags: u32,
        old_path: u64,
        old_path_len: u64,
        new_fd: u32,
        new_path: u64,
        new_path_len: u64,
    ) -> Outcome {
        let (old_dir, old) = (self.dir(old_fd)?, self.path(old_path, old_path_len)?);
        let (new_dir, new) = (self.dir(new_fd)?, self.path(new_path, new_path_len)?);
        if follow(old_flags)? {
            return Err(Errno::INVAL);
        }
        Ok(old_dir.link(old, new_dir, new)?)
    }

    #[allow(clippy::too_many_arguments)] // the interface has them
    pub(super) fn path_open(
        &mut self,
        fd: u32,
        dirflags: u32,
        path: u64,
        path_len: u64,
        oflags: u32,
        fs_rights_base: u64,
        _fs_rights_inheriting: u64,
        fdflags: u32,
        opened_fd: u64,
    ) -> Outcome {
        self.out::<u32>(opened_fd)?;
        self.wasi.descriptors.room()?;
        let (dir, path) = (self.dir(fd)?, self.path(path, path_len)?);
        let (oflags, fdflags) = (flags(oflags, oflags::ALL)?, flags(fdflags, fdflags::ALL)?);
        let how = OpenOptions {
            read: fs_rights_base & rights::FD_READ != 0,
            write: fs_rights_base & rights::FD_WRITE != 0,
            append: fdflags & fdflags::APPEND != 0,
            create: oflags & oflags::CREAT != 0,
            exclusive: oflags & oflags::EXCL != 0,
            truncate: oflags & oflags::TRUNC != 0,
            directory: oflags & oflags::DIRECTORY != 0,
            follow: follow(dirflags)?,
            nonblock: fdflags & fdflags::NONBLOCK != 0,
            sync: fdflags & (fdflags::SYNC | fdflags::RSYNC) != 0,
            data_sync: fdflags & fdflags::DSYNC != 0,
        };
        if how.directory && how.create {
            return Err(Errno::INVAL);
        }
        let descriptor = match dir.open(path, &how)? {
            Node::Dir(dir) => Descriptor { flags: fdflags, ..Descriptor::dir(dir, None) },
            Node::Other { handle, node_type, read_only } => Descriptor {
                kind: Kind::File { handle, node_type, shared: false },
                flags: fdflags,
                read: how.read,
                write: how.write,
                read_only,
            },
        };
        let opened = self.wasi.descriptors.insert(descriptor);
        Ok(self.memory.put(opened_fd, opened)?)
    }

    pub(super) fn path_readlink(
        &mut self,
        fd: u32,
        path: u64,
        path_len: u64,
        buf: u64,
        buf_len: u64,
        bufused: u64,
    ) -> Outcome {
        self.out::<u32>(bufused)?;
        let target = self.dir(fd)?.read_link(self.path(path, path_len)?)?;
        let used = self.memory.put_cut(buf, buf_len, &target)?;
        Ok(self.memory.put(bufused, used as u32)?)
    }

    pub(super) fn path_remove_directory(&mut self, fd: u32, path: u64, path_len: u64) -> Outcome {
        let (dir, path) = (self.dir(fd)?, self.path(path, path_len)?);
        Ok(dir.remove_dir(path)?)
    }

    pub(super) fn path_rename(
        &mut self,
        fd: u32,
        old_path: u64,
        old_path_len: u64,
        new_fd: u32,
        new_path: u64,
        new_path_len: u64,
    ) -> Outcome {
        let (old_dir, old) = (self.dir(fd)?, self.path(old_path, old_path_len)?);
        let (new_dir, new) = (self.dir(new_fd)?, self.path(new_path, new_path_len)?);
        Ok(old_dir.rename(old, new_dir, new)?)
    }

    pub(super) fn path_symlink(
        &mut self,
        old_path: u64,
        old_path_len: u64,
        fd: u32,
        new_path: u64,
        new_path_len: u64,
    ) -> Outcome {
        let dir = self.dir(fd)?;
        let target = self.path(old_path, old_path_len)?;
        Ok(dir.symlink(target, self.path(new_path, new_path_len)?)?)
    }

    pub(super) fn path_unlink_file(&mut self, fd: u32, path: u64, path_len: u64) -> Outcome {
        let (dir, path) = (self.dir(fd)?, self.path(path, path_len)?);
        Ok(dir.unlink(path)?)
    }

    fn dir(&self, fd: u32) -> Result<&Dir, Errno> {
        self.wasi.descriptors.get(fd)?.as_dir()
    }

    /// A path, which is UTF-8 by the specification.
    fn path(&self, at: u64, len: u64) -> Result<&[u8], Errno> {
        let path = self.memory.slice(at, len)?;
        if path.len() > PATH_MAX_BYTES {
            return Err(Errno::NAMETOOLONG);
        }
        core::str::from_utf8(path).map_err(|_| Errno::ILSEQ)?;
        Ok(path)
    }
}

/// Whether a final symbolic link is followed.
fn follow(lookup_flags: u32) -> Result<bool, Errno> {
    Ok(flags(lookup_flags, 1)? != 0)
}
