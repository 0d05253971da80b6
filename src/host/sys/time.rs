//! Waiting, time and chance.

use core::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::{OsError, Result, SetTime, Time, retry};

/// What `poll` shall watch, and what it saw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch<'a> {
    pub fd: BorrowedFd<'a>,
    pub events: i16,
    pub seen: i16,
}

/// `poll(2)`, with nanoseconds where the system has them; `None` waits for ever. A signal ends
/// the wait early, with nothing seen.
pub(crate) fn poll(watches: &mut [Watch<'_>], timeout: Option<core::time::Duration>) -> Result<()> {
    let pollfd =
        |w: &Watch<'_>| libc::pollfd { fd: w.fd.as_raw_fd(), events: w.events, revents: 0 };
    let mut list: Vec<libc::pollfd> = watches.iter().map(pollfd).collect();
    let (pointer, count) = (list.as_mut_ptr(), list.len() as libc::nfds_t);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let result = {
        let time = timeout.map(|t| {
            let seconds = t.as_secs().min(i32::MAX as u64) as i64;
            let nanoseconds = t.subsec_nanos().into();
            SetTime::To(Time { seconds, nanoseconds }).to_host()
        });
        let time = time.as_ref().map_or(core::ptr::null(), core::ptr::from_ref);
        // SAFETY: H1, H2
        unsafe { libc::ppoll(pointer, count, time, core::ptr::null()) }
    };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let result = {
        let millis = |t: core::time::Duration| t.as_nanos().div_ceil(1_000_000);
        let millis = timeout.map_or(-1, |t| millis(t).min(i32::MAX as u128) as c_int);
        // SAFETY: H1, H2
        unsafe { libc::poll(pointer, count, millis) }
    };
    if result < 0 {
        let error = OsError::last();
        return if error == OsError(libc::EINTR) { Ok(()) } else { Err(error) };
    }
    for (watch, polled) in watches.iter_mut().zip(&list) {
        watch.seen = polled.revents;
    }
    Ok(())
}

/// A clock of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    Real,
    Monotonic,
    ProcessCpu,
    ThreadCpu,
}

impl Clock {
    fn to_host(self) -> libc::clockid_t {
        match self {
            Clock::Real => libc::CLOCK_REALTIME,
            Clock::Monotonic => libc::CLOCK_MONOTONIC,
            Clock::ProcessCpu => libc::CLOCK_PROCESS_CPUTIME_ID,
            Clock::ThreadCpu => libc::CLOCK_THREAD_CPUTIME_ID,
        }
    }

    /// The time it shows.
    pub(crate) fn now(self) -> Result<Time> {
        // SAFETY: H3
        let mut time: libc::timespec = unsafe { MaybeUninit::zeroed().assume_init() };
        // SAFETY: H1
        retry(|| unsafe { libc::clock_gettime(self.to_host(), &raw mut time) }.into())?;
        Ok(Time { seconds: time.tv_sec as _, nanoseconds: time.tv_nsec as _ })
    }

    /// Its resolution.
    pub(crate) fn resolution(self) -> Result<Time> {
        // SAFETY: H3
        let mut time: libc::timespec = unsafe { MaybeUninit::zeroed().assume_init() };
        // SAFETY: H1
        retry(|| unsafe { libc::clock_getres(self.to_host(), &raw mut time) }.into())?;
        Ok(Time { seconds: time.tv_sec as _, nanoseconds: time.tv_nsec as _ })
    }
}

/// Fills `buffer` with random bytes.
pub(crate) fn random(buffer: &mut [u8]) -> Result<()> {
    // Some systems refuse more than 256 bytes at once; others give less than was asked for.
    let most = if cfg!(target_os = "linux") { 1 << 20 } else { 256 };
    for chunk in buffer.chunks_mut(most) {
        let mut rest = chunk;
        while !rest.is_empty() {
            #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
            // SAFETY: H1
            let got = retry(|| unsafe {
                libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) as i64
            })? as usize;
            #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
            let got = {
                // SAFETY: H1
                retry(|| unsafe { libc::getentropy(rest.as_mut_ptr().cast(), rest.len()) }.into())?;
                rest.len()
            };
            rest = &mut rest[got..];
        }
    }
    Ok(())
}

#[cfg(feature = "cli")]
/// The most memory that the process has had, in bytes, if the system knows.
pub(crate) fn peak_memory() -> Option<u64> {
    // SAFETY: H3
    let mut usage: libc::rusage = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: H1
    retry(|| unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) }.into()).ok()?;
    // Apple's systems count bytes, the others kibibytes.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    u64::try_from(usage.ru_maxrss).ok()?.checked_mul(unit)
}
