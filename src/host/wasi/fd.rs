//! The functions on descriptors.

use super::call::{Cx, Outcome, flags};
use super::descriptor::{Descriptor, Entries, Entry, Kind, OpenDir};
use super::errno::Errno;
use super::types::{Snapshot, fdflags, filetype_of, fstflags, time};
use crate::host::abi::{GuestMemory, Width};
use crate::host::fs::Handle;
use crate::host::sys::{self, NodeType, OsError, SetTime, Span, Watch, Whence};

impl Cx<'_> {
    pub(super) fn fd_advise(&mut self, fd: u32, offset: u64, len: u64, advice: u32) -> Outcome {
        let file = self.wasi.descriptors.get(fd)?.file()?;
        let (offset, len) = (signed(offset)?, signed(len)?);
        offset.checked_add(len).ok_or(Errno::INVAL)?;
        Ok(file.advise(offset, len, advice)?)
    }

    pub(super) fn fd_allocate(&mut self, fd: u32, offset: u64, len: u64) -> Outcome {
        let file = self.wasi.descriptors.get(fd)?.file_to_change()?;
        let (offset, len) = (signed(offset)?, signed(len)?);
        offset.checked_add(len).ok_or(Errno::INVAL)?;
        Ok(file.allocate(offset, len)?)
    }

    pub(super) fn fd_close(&mut self, fd: u32) -> Outcome {
        self.wasi.descriptors.close(fd)
    }

    pub(super) fn fd_datasync(&mut self, fd: u32) -> Outcome {
        self.sync(fd, true)
    }

    pub(super) fn fd_sync(&mut self, fd: u32) -> Outcome {
        self.sync(fd, false)
    }

    fn sync(&mut self, fd: u32, only_data: bool) -> Outcome {
        let descriptor = self.wasi.descriptors.get_mut(fd)?;
        if let Kind::Writer(writer) = &mut descriptor.kind {
            return Ok(writer.flush().map_err(OsError::from)?);
        }
        let file = descriptor.handle().ok_or(Errno::INVAL)?;
        Ok(file.sync(only_data)?)
    }

    pub(super) fn fd_fdstat_get(&mut self, fd: u32, stat: u64) -> Outcome {
        let descriptor = self.wasi.descriptors.get(fd)?;
        let (filetype, own, inheriting) = descriptor.describe();
        let out = self.memory.slice_mut(stat, 24)?;
        out.fill(0);
        out[0] = filetype;
        out[2..4].copy_from_slice(&descriptor.flags.to_le_bytes());
        out[8..16].copy_from_slice(&own.to_le_bytes());
        out[16..24].copy_from_slice(&inheriting.to_le_bytes());
        Ok(())
    }

    pub(super) fn fd_fdstat_set_flags(&mut self, fd: u32, flags: u32) -> Outcome {
        let descriptor = self.wasi.descriptors.get_mut(fd)?;
        descriptor.set_flags(self::flags(flags, fdflags::ALL)?)
    }

    pub(super) fn fd_fdstat_set_rights(&mut self, fd: u32, _base: u64, _inh: u64) -> Outcome {
        self.wasi.descriptors.get(fd)?;
        Err(Errno::NOTSUP)
    }

    pub(super) fn fd_filestat_get(&mut self, fd: u32, buf: u64) -> Outcome {
        let stat = self.wasi.descriptors.get(fd)?.stat()?;
        Ok(self.snapshot.put_filestat(&mut self.memory, buf, &stat)?)
    }

    pub(super) fn fd_filestat_set_size(&mut self, fd: u32, size: u64) -> Outcome {
        let file = self.wasi.descriptors.get(fd)?.file_to_change()?;
        Ok(file.set_size(signed(size)?)?)
    }

    pub(super) fn fd_filestat_set_times(
        &mut self,
        fd: u32,
        atim: u64,
        mtim: u64,
        fst_flags: u32,
    ) -> Outcome {
        let descriptor = self.wasi.descriptors.get(fd)?;
        let (access, modify) = times(atim, mtim, fst_flags)?;
        Ok(descriptor.to_touch()?.set_times(access, modify)?)
    }

    pub(super) fn fd_pread(
        &mut self,
        fd: u32,
        iovs: u64,
        iovs_len: u64,
        offset: u64,
        nread: u64,
    ) -> Outcome {
        let descriptor = self.wasi.descriptors.get(fd)?;
        let (file, offset) = (descriptor.file()?, signed(offset)?);
        if !descriptor.read {
            return Err(Errno::BADF);
        }
        let spans = transfer(&self.memory, iovs, iovs_len, nread)?;
        let size = file.read(self.memory.bytes_mut(), &spans, Some(offset))?;
        Ok(self.memory.put(nread, size as u32)?)
    }

    pub(super) fn fd_pwrite(
        &mut self,
        fd: u32,
        iovs: u64,
        iovs_len: u64,
        offset: u64,
        nwritten: u64,
    ) -> Outcome {
        let descriptor = self.wasi.descriptors.get(fd)?;
        let (file, offset) = (descriptor.file()?, signed(offset)?);
        if !descriptor.write {
            return Err(Errno::BADF);
        }
        let spans = transfer(&self.memory, iovs, iovs_len, nwritten)?;
        let size = file.write(self.memory.bytes(), &spans, Some(offset))?;
        Ok(self.memory.put(nwritten, size as u32)?)
    }

    pub(super) fn fd_read(&mut self, fd: u32, iovs: u64, iovs_len: u64, nread: u64) -> Outcome {
        let descriptor = self.wasi.descriptors.get_mut(fd)?;
        if !descriptor.read {
            return Err(Errno::BADF);
        }
        let spans = transfer(&self.memory, iovs, iovs_len, nread)?;
        let size = descriptor.read(&mut self.memory, &spans)?;
        Ok(self.memory.put(nread, size as u32)?)
    }

    pub(super) fn fd_write(&mut self, fd: u32, iovs: u64, iovs_len: u64, nwritten: u64) -> Outcome {
        let descriptor = self.wasi.descriptors.get_mut(fd)?;
        if !descriptor.write {
            return Err(Errno::BADF);
        }
        let spans = transfer(&self.memory, iovs, iovs_len, nwritten)?;
        let size = descriptor.write(&self.memory, spans)?;
        Ok(self.memory.put(nwritten, size as u32)?)
    }

    pub(super) fn fd_prestat_get(&mut self, fd: u32, buf: u64) -> Outcome {
        let len = u32::try_from(self.preopen(fd)?.len()).map_err(|_| Errno::OVERFLOW)?;
        // The tag 0 is a directory.
        Ok(self.memory.put(buf, u64::from(len) << 32)?)
    }

    pub(super) fn fd_prestat_dir_name(&mut self, fd: u32, path: u64, path_len: u64) -> Outcome {
        let name: Box<[u8]> = self.preopen(fd)?.into();
        if path_len < name.len() as u64 {
            return Err(Errno::NAMETOOLONG);
        }
        Ok(self.memory.put_bytes(path, &name)?)
    }

    fn preopen(&self, fd: u32) -> Result<&[u8], Errno> {
        match &self.wasi.descriptors.get(fd)?.kind {
            Kind::Dir(OpenDir { preopen: Some(name), .. }) => Ok(name),
            _ => Err(Errno::BADF),
        }
    }

    pub(super) fn fd_readdir(
        &mut self,
        fd: u32,
        buf: u64,
        buf_len: u64,
        cookie: u64,
        bufused: u64,
    ) -> Outcome {
        self.out::<u32>(bufused)?;
        let (start, len) = self.memory.span(buf, buf_len)?;
        let room = ENTRIES_MAX_BYTES.saturating_sub(self.wasi.descriptors.entries_size_bytes());
        let descriptor = self.wasi.descriptors.get_mut(fd)?;
        let Kind::Dir(open) = &mut descriptor.kind else { return Err(Errno::NOTDIR) };
        // A list is made when a reader begins and stays while it reads: whatever is made or
        // removed meanwhile, no other entry is missed or told twice.
        if cookie == 0 || open.entries.is_none() {
            open.entries = None;
            open.entries = Some(list(open, room)?);
        }
        let buffer = &mut self.memory.bytes_mut()[start..start + len];
        let used = match &open.entries {
            Some(entries) => entries.put(buffer, cookie),
            None => 0,
        };
        Ok(self.memory.put(bufused, used as u32)?)
    }

    pub(super) fn fd_renumber(&mut self, fd: u32, to: u32) -> Outcome {
        self.wasi.descriptors.renumber(fd, to)
    }

    pub(super) fn fd_seek(&mut self, fd: u32, offset: i64, whence: u32, newoffset: u64) -> Outcome {
        let whence = match (whence, self.snapshot) {
            (0, Snapshot::Preview1) | (2, Snapshot::Unstable) => Whence::Start,
            (1, Snapshot::Preview1) | (0, Snapshot::Unstable) => Whence::Current,
            (2, Snapshot::Preview1) | (1, Snapshot::Unstable) => Whence::End,
            _ => return Err(Errno::INVAL),
        };
        self.out::<u64>(newoffset)?;
        let position = self.wasi.descriptors.get(fd)?.file()?.seek(offset, whence)?;
        Ok(self.memory.put(newoffset, position)?)
    }

    pub(super) fn fd_tell(&mut self, fd: u32, offset: u64) -> Outcome {
        let file = self.wasi.descriptors.get(fd)?.file()?;
        Ok(self.memory.put(offset, file.seek(0, Whence::Current)?)?)
    }
}

impl Descriptor {
    fn read(&mut self, memory: &mut GuestMemory<'_>, spans: &[Span]) -> Result<usize, Errno> {
        let Some(&(start, len)) = spans.first() else { return Ok(0) };
        let memory = memory.bytes_mut();
        match &mut self.kind {
            Kind::File { .. } => {
                self.when_ready(sys::POLLIN, |file| file.read(memory, spans, None))
            }
            Kind::Reader(reader) => {
                Ok(interrupted(|| reader.read(&mut memory[start..start + len]))?)
            }
            Kind::Dir(_) | Kind::Writer(_) => Err(Errno::BADF),
        }
    }

    fn write(&mut self, memory: &GuestMemory<'_>, mut spans: Vec<Span>) -> Result<usize, Errno> {
        let Some(&(start, len)) = spans.first() else { return Ok(0) };
        let memory = memory.bytes();
        match &mut self.kind {
            Kind::File { node_type, shared, .. } => {
                if *shared && *node_type != NodeType::File && self.flags & fdflags::NONBLOCK != 0 {
                    // So much a pipe takes without waiting, once it says that it takes anything.
                    spans.truncate(1);
                    spans[0].1 = len.min(PIPE_BUF_BYTES);
                }
                let node_type = *node_type;
                self.when_ready(sys::POLLOUT, |file| match (node_type, file.host()) {
                    // Nobody reads any more: an error, not a signal.
                    (NodeType::Socket, Some(socket)) => sys::send(socket, memory, &spans),
                    (NodeType::Unknown, Some(_)) => {
                        sys::without_sigpipe(|| file.write(memory, &spans, None))
                    }
                    _ => file.write(memory, &spans, None),
                })
            }
            Kind::Writer(writer) => Ok(interrupted(|| writer.write(&memory[start..start + len]))?),
            Kind::Dir(_) | Kind::Reader(_) => Err(Errno::BADF),
        }
    }

    /// Whether the guest waits is up to the guest's flag, not to that of an open file which
    /// another process may share.
    fn when_ready(
        &self,
        events: i16,
        mut transfer: impl FnMut(&Handle) -> sys::Result<usize>,
    ) -> Result<usize, Errno> {
        let Kind::File { handle, shared, .. } = &self.kind else { return Err(Errno::BADF) };
        let Some(fd) = handle.host() else { return Ok(transfer(handle)?) };
        let waits = self.flags & fdflags::NONBLOCK == 0;
        let mut watch = [Watch { fd, events, seen: 0 }];
        if *shared && !waits {
            sys::poll(&mut watch, Some(core::time::Duration::ZERO))?;
            if watch[0].seen == 0 {
                return Err(Errno::AGAIN);
            }
        }
        loop {
            match transfer(handle) {
                Err(OsError(sys::EAGAIN)) if waits => sys::poll(&mut watch, None)?,
                result => return Ok(result?),
            }
        }
    }
}

impl Entries {
    /// Fills `buffer` with entries from a cookie on; the last one is cut where the buffer ends.
    fn put(&self, buffer: &mut [u8], cookie: u64) -> usize {
        let mut used = 0;
        let mut put = |bytes: &[u8]| {
            let count = bytes.len().min(buffer.len() - used);
            buffer[used..used + count].copy_from_slice(&bytes[..count]);
            used += count;
            count == bytes.len()
        };
        let first = usize::try_from(cookie).unwrap_or(usize::MAX).min(self.list.len());
        for (i, entry) in self.list.iter().enumerate().skip(first) {
            let begin = if i == 0 { 0 } else { self.list[i - 1].end as usize };
            let name = &self.names[begin..entry.end as usize];
            let mut header = [0; 24];
            header[0..8].copy_from_slice(&(i as u64 + 1).to_le_bytes());
            header[8..16].copy_from_slice(&entry.ino.to_le_bytes());
            header[16..20].copy_from_slice(&(name.len() as u32).to_le_bytes());
            header[20] = filetype_of(entry.node_type);
            if !put(&header) || !put(name) {
                break;
            }
        }
        used
    }

    fn push(&mut self, name: &[u8], ino: u64, node_type: NodeType) {
        self.names.extend_from_slice(name);
        self.list.push(Entry { ino, node_type, end: self.names.len() as u32 });
    }
}

/// Lists a directory, `.` and `..` first.
fn list(open: &OpenDir, room_bytes: usize) -> Result<Entries, Errno> {
    let mut entries = Entries::default();
    entries.push(b".", open.dir.handle().stat()?.ino, NodeType::Dir);
    entries.push(b"..", 0, NodeType::Dir);
    let mut fits = true;
    open.dir.list(|name, ino, node_type| {
        match name {
            b"." => {}
            b".." => entries.list[1].ino = ino,
            _ => entries.push(name, ino, node_type),
        }
        fits = entries.size_bytes() <= room_bytes;
        fits
    })?;
    if fits { Ok(entries) } else { Err(Errno::NOMEM) }
}

/// The buffers of a call that reads or writes; the place for the result is checked too.
pub(super) fn transfer(
    memory: &GuestMemory<'_>,
    iovs: u64,
    iovs_len: u64,
    result: u64,
) -> Result<Vec<Span>, Errno> {
    memory.span(result, 4)?;
    Ok(memory.buffers(iovs, iovs_len, Width::W32)?)
}

/// What to do with the two times of a file.
pub(super) fn times(atim: u64, mtim: u64, fst_flags: u32) -> Result<(SetTime, SetTime), Errno> {
    let flags = flags(fst_flags, 15)?;
    let one = |value, set, now| match (flags & set != 0, flags & now != 0) {
        (true, true) => Err(Errno::INVAL),
        (true, false) => Ok(SetTime::To(time(value))),
        (false, true) => Ok(SetTime::Now),
        (false, false) => Ok(SetTime::Keep),
    };
    let access = one(atim, fstflags::ATIM, fstflags::ATIM_NOW)?;
    Ok((access, one(mtim, fstflags::MTIM, fstflags::MTIM_NOW)?))
}

/// Repeats what a signal interrupted.
fn interrupted(mut call: impl FnMut() -> std::io::Result<usize>) -> sys::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            result => return result.map_err(OsError::from),
        }
    }
}

/// A size or an offset as the host takes it.
fn signed(value: u64) -> Result<i64, Errno> {
    i64::try_from(value).map_err(|_| Errno::INVAL)
}

/// What all lists of directory entries of a guest may take together.
const ENTRIES_MAX_BYTES: usize = 64 << 20;
/// What is written to a pipe in one piece (`PIPE_BUF` of Linux).
const PIPE_BUF_BYTES: usize = 4096;
