//! `poll_oneoff`: wait for files and clocks.

use core::time::Duration;
use std::collections::BTreeMap;
use std::time::Instant;

use super::Wasi;
use super::call::{Cx, Outcome};
use super::descriptor::{Descriptors, Kind};
use super::env::clock;
use super::errno::Errno;
use super::types::{Event, Subject, Subscription};
use super::world::{Sleep, World};
use crate::host::sys::{self, Clock, NodeType, Watch, Whence};

impl Cx<'_> {
    pub(super) fn poll_oneoff(
        &mut self,
        subscriptions: u64,
        events: u64,
        nsubscriptions: u64,
        nevents: u64,
    ) -> Outcome {
        if nsubscriptions == 0 {
            return Err(Errno::INVAL);
        }
        if nsubscriptions > SUBSCRIPTIONS_MAX {
            return Err(Errno::NOMEM);
        }
        self.out::<u32>(nevents)?;
        self.memory.span(events, nsubscriptions * Event::SIZE)?;
        let size = self.snapshot.subscription_size();
        self.memory.span(subscriptions, nsubscriptions * size)?;
        // Copied, as the events may overwrite them.
        let mut list = Vec::with_capacity(nsubscriptions as usize);
        for i in 0..nsubscriptions {
            let one = Subscription::get(&self.memory, subscriptions + i * size, self.snapshot)?;
            list.push(one.ok_or(Errno::INVAL)?);
        }
        let Wasi { descriptors, world, .. } = &mut *self.wasi;
        let seen = Poll::new(&list, descriptors, world).wait(world)?;
        for (i, event) in seen.iter().enumerate() {
            event.put(&mut self.memory, events + i as u64 * Event::SIZE)?;
        }
        Ok(self.memory.put(nevents, seen.len() as u32)?)
    }
}

struct Poll<'a> {
    /// What happened already.
    ready: Vec<Event>,
    /// What is waited for.
    alarms: Vec<Alarm>,
    waiting: Vec<Waiting>,
    /// One per host descriptor, however often it is subscribed to.
    watches: Vec<Watch<'a>>,
}

struct Alarm {
    userdata: u64,
    clock: Clock,
    /// Units: nanoseconds, on that clock.
    at: u64,
    /// How long it was to that when the call began.
    left: Duration,
}

struct Waiting {
    userdata: u64,
    write: bool,
    /// A pipe or a connection: one that is readable and has nothing to read is at its end.
    ends: bool,
    watch: usize,
}

impl<'a> Poll<'a> {
    fn new(list: &[Subscription], descriptors: &'a Descriptors, world: &mut World) -> Poll<'a> {
        let mut poll = Poll {
            ready: Vec::new(),
            alarms: Vec::new(),
            waiting: Vec::new(),
            watches: Vec::new(),
        };
        let mut known = BTreeMap::new();
        for one in list {
            let added = match one.to {
                Subject::Clock { id, timeout, absolute } => {
                    poll.add_clock(one.userdata, id, timeout, absolute, world)
                }
                Subject::Read(fd) => {
                    poll.add_file(one.userdata, fd, false, descriptors, &mut known)
                }
                Subject::Write(fd) => {
                    poll.add_file(one.userdata, fd, true, descriptors, &mut known)
                }
            };
            if let Err(errno) = added {
                let tag = one.to.tag();
                let error = errno.number();
                poll.ready.push(Event {
                    userdata: one.userdata,
                    error,
                    tag,
                    bytes: 0,
                    hangup: false,
                });
            }
        }
        poll
    }

    fn add_clock(
        &mut self,
        userdata: u64,
        id: u32,
        timeout: u64,
        absolute: bool,
        world: &mut World,
    ) -> Outcome {
        let clock = match clock(id)? {
            clock @ (Clock::Real | Clock::Monotonic) => clock,
            // Time that does not pass while one waits.
            Clock::ProcessCpu | Clock::ThreadCpu => return Err(Errno::NOTSUP),
        };
        let now = world.now(clock)?;
        let at = if absolute { timeout } else { now.saturating_add(timeout) };
        let left = Duration::from_nanos(at.saturating_sub(now));
        self.alarms.push(Alarm { userdata, clock, at, left });
        Ok(())
    }

    fn add_file(
        &mut self,
        userdata: u64,
        fd: u32,
        write: bool,
        descriptors: &'a Descriptors,
        known: &mut BTreeMap<u32, usize>,
    ) -> Outcome {
        let descriptor = descriptors.get(fd)?;
        if !(if write { descriptor.write } else { descriptor.read }) {
            return Err(Errno::BADF);
        }
        let tag = if write { TAG_WRITE } else { TAG_READ };
        let event = |bytes| Event { userdata, error: 0, tag, bytes, hangup: false };
        match (&descriptor.kind, descriptor.host()) {
            (Kind::File { node_type, .. }, Some(host)) if *node_type != NodeType::File => {
                let watch = *known.entry(fd).or_insert_with(|| {
                    self.watches.push(Watch { fd: host, events: 0, seen: 0 });
                    self.watches.len() - 1
                });
                self.watches[watch].events |= if write { sys::POLLOUT } else { sys::POLLIN };
                let ends = matches!(node_type, NodeType::Socket | NodeType::Unknown);
                self.waiting.push(Waiting { userdata, write, ends, watch });
            }
            (Kind::File { handle, .. }, _) => {
                // A file never makes one wait.
                let position = handle.seek(0, Whence::Current).unwrap_or(0);
                let size = handle.stat().map_or(0, |stat| stat.size);
                self.ready.push(event(if write { 0 } else { size.saturating_sub(position) }));
            }
            // How much a reader has, nobody knows.
            _ => self.ready.push(event(1)),
        }
        Ok(())
    }

    /// Waits until something happened; answers all that did.
    fn wait(mut self, world: &mut World) -> Result<Vec<Event>, Errno> {
        let start = Instant::now();
        let mut slept = Duration::ZERO;
        loop {
            let left = self.until_alarm(slept, world)?;
            let wait = match (&world.sleep, left) {
                // What is there already is not waited for.
                _ if !self.ready.is_empty() => Some(Duration::ZERO),
                // A clock that is set meanwhile is looked at again before long.
                (Sleep::System, left) => left.map(|left| left.min(WAIT_MAX)),
                (Sleep::Embedder(_), left) => left.map(|_| Duration::ZERO),
            };
            sys::poll(&mut self.watches, wait)?;
            self.collect_files();
            match (left, &mut world.sleep) {
                (Some(left), Sleep::Embedder(sleep)) if self.ready.is_empty() => {
                    sleep(left);
                    slept += left;
                    // Files that became ready meanwhile count too.
                    sys::poll(&mut self.watches, Some(Duration::ZERO))?;
                    self.collect_files();
                }
                (_, Sleep::System) => slept = start.elapsed(),
                _ => {}
            }
            for alarm in &self.alarms {
                if alarm.left(slept, world)?.is_zero() {
                    let (userdata, tag) = (alarm.userdata, TAG_CLOCK);
                    self.ready.push(Event { userdata, error: 0, tag, bytes: 0, hangup: false });
                }
            }
            if !self.ready.is_empty() {
                return Ok(self.ready);
            }
        }
    }

    /// The time until the first alarm; none if there is no alarm.
    fn until_alarm(&self, slept: Duration, world: &mut World) -> Result<Option<Duration>, Errno> {
        let mut least: Option<Duration> = None;
        for alarm in &self.alarms {
            let left = alarm.left(slept, world)?;
            least = Some(least.map_or(left, |least| least.min(left)));
        }
        Ok(least)
    }

    fn collect_files(&mut self) {
        for one in &self.waiting {
            let Watch { fd, seen, .. } = self.watches[one.watch];
            let wanted = if one.write { sys::POLLOUT } else { sys::POLLIN };
            let failed = seen & (sys::POLLERR | sys::POLLHUP | sys::POLLNVAL);
            if seen & wanted == 0 && failed == 0 {
                continue;
            }
            let readable = if one.write { Some(0) } else { sys::readable(fd) };
            let at_end = one.ends && !one.write && readable == Some(0);
            self.ready.push(Event {
                userdata: one.userdata,
                error: if seen & sys::POLLNVAL != 0 { Errno::BADF.number() } else { 0 },
                tag: if one.write { TAG_WRITE } else { TAG_READ },
                bytes: readable.unwrap_or(1),
                hangup: seen & sys::POLLHUP != 0 || at_end,
            });
        }
    }
}

impl Alarm {
    /// How long it is to the alarm after so much sleep. The system's clock is asked again, as it
    /// may be set meanwhile; for another one sleep is what passes.
    fn left(&self, slept: Duration, world: &mut World) -> Result<Duration, Errno> {
        if world.is_system(self.clock) && matches!(world.sleep, Sleep::System) {
            Ok(Duration::from_nanos(self.at.saturating_sub(world.now(self.clock)?)))
        } else {
            Ok(self.left.saturating_sub(slept))
        }
    }
}

impl Subject {
    fn tag(self) -> u8 {
        match self {
            Subject::Clock { .. } => TAG_CLOCK,
            Subject::Read(_) => TAG_READ,
            Subject::Write(_) => TAG_WRITE,
        }
    }
}

const TAG_CLOCK: u8 = 0;
const TAG_READ: u8 = 1;
const TAG_WRITE: u8 = 2;
/// How many subscriptions one call takes.
const SUBSCRIPTIONS_MAX: u64 = 1 << 16;
/// How long one wait lasts at most before the clocks are looked at again.
const WAIT_MAX: Duration = Duration::from_secs(60);
