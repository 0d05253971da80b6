//! The functions on sockets: those that the embedder listens with, and their connections.

use super::call::{Cx, Outcome, flags};
use super::descriptor::Descriptor;
use super::errno::Errno;
use super::fd::transfer;
use super::types::fdflags;
use crate::host::sys;

impl Cx<'_> {
    pub(super) fn sock_accept(&mut self, fd: u32, flags: u32, opened_fd: u64) -> Outcome {
        let descriptor = self.wasi.descriptors.get(fd)?;
        let listener = descriptor.as_socket()?;
        let flags = self::flags(flags, fdflags::NONBLOCK)?;
        self.out::<u32>(opened_fd)?;
        self.wasi.descriptors.room()?;
        let socket = sys::accept(listener)?;
        let mut descriptor = Descriptor::socket(socket, 0);
        descriptor.set_flags(flags)?;
        let opened = self.wasi.descriptors.insert(descriptor);
        Ok(self.memory.put(opened_fd, opened)?)
    }

    pub(super) fn sock_recv(
        &mut self,
        fd: u32,
        ri_data: u64,
        ri_data_len: u64,
        ri_flags: u32,
        ro_datalen: u64,
        ro_flags: u64,
    ) -> Outcome {
        let socket = self.wasi.descriptors.get(fd)?.as_socket()?;
        let flags = flags(ri_flags, PEEK | WAITALL)?;
        self.out::<u16>(ro_flags)?;
        let spans = transfer(&self.memory, ri_data, ri_data_len, ro_datalen)?;
        let (peek, wait_all) = (flags & PEEK != 0, flags & WAITALL != 0);
        let memory = self.memory.bytes_mut();
        let (size, cut) = sys::receive(socket, memory, &spans, peek, wait_all)?;
        self.memory.put(ro_datalen, size as u32)?;
        Ok(self.memory.put(ro_flags, u16::from(cut))?)
    }

    pub(super) fn sock_send(
        &mut self,
        fd: u32,
        si_data: u64,
        si_data_len: u64,
        si_flags: u32,
        so_datalen: u64,
    ) -> Outcome {
        let socket = self.wasi.descriptors.get(fd)?.as_socket()?;
        flags(si_flags, 0)?;
        let spans = transfer(&self.memory, si_data, si_data_len, so_datalen)?;
        let size = sys::send(socket, self.memory.bytes(), &spans)?;
        Ok(self.memory.put(so_datalen, size as u32)?)
    }

    pub(super) fn sock_shutdown(&mut self, fd: u32, how: u32) -> Outcome {
        let socket = self.wasi.descriptors.get(fd)?.as_socket()?;
        let how = flags(how, RD | WR)?;
        if how == 0 {
            return Err(Errno::INVAL);
        }
        Ok(sys::shutdown(socket, how & RD != 0, how & WR != 0)?)
    }
}

const PEEK: u16 = 1;
const WAITALL: u16 = 2;
const RD: u16 = 1;
const WR: u16 = 2;
