// SPDX-License-Identifier: GPL-2.0

//! The sockets of a namespace, as an operator is told of them.

use core::net::SocketAddr;
use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        SpinLock, //
    },
};
use kernet::{
    context::{
        bh_disabled,
        Context,
        Process, //
    },
    netns::{
        self,
        Net, //
    },
    tcp::Socket, //
};

use crate::model::{
    Bbr,
    Phase, //
};

/// What is told of a socket. Who tells reads it while the socket changes it: each number by itself.
pub(crate) struct Shown {
    pub(crate) cookie: u64,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    phase: Atomic<u32>,
    pub(crate) full: Atomic<u32>,
    pub(crate) rounds: Atomic<u32>,
    pub(crate) bandwidth: Atomic<u64>,
    pub(crate) max_bandwidth: Atomic<u64>,
    pub(crate) min_rtt: Atomic<u32>,
    pub(crate) inflight_longterm: Atomic<u32>,
    pub(crate) inflight_shortterm: Atomic<u32>,
    pub(crate) cwnd: Atomic<u32>,
    pub(crate) pacing_rate: Atomic<u64>,
}

impl Shown {
    fn new(socket: &Socket<'_>) -> Self {
        Self {
            cookie: socket.cookie(),
            local: socket.local(),
            remote: socket.remote(),
            phase: Atomic::<u32>::new(Phase::Startup as u32),
            full: Atomic::<u32>::new(0),
            rounds: Atomic::<u32>::new(0),
            bandwidth: Atomic::<u64>::new(0),
            max_bandwidth: Atomic::<u64>::new(0),
            min_rtt: Atomic::<u32>::new(crate::model::INFINITE),
            inflight_longterm: Atomic::<u32>::new(crate::model::INFINITE),
            inflight_shortterm: Atomic::<u32>::new(crate::model::INFINITE),
            cwnd: Atomic::<u32>::new(socket.cwnd()),
            pacing_rate: Atomic::<u64>::new(socket.pacing_rate()),
        }
    }

    pub(crate) fn update(&self, bbr: &Bbr, socket: &Socket<'_>) {
        let mss = socket.mss();
        self.phase.store(bbr.phase() as u32, Relaxed);
        self.full.store(u32::from(bbr.is_full()), Relaxed);
        self.rounds.store(bbr.rounds(), Relaxed);
        self.bandwidth
            .store(bbr.bandwidth().bytes_per_second(mss), Relaxed);
        self.max_bandwidth
            .store(bbr.max_bandwidth().bytes_per_second(mss), Relaxed);
        self.min_rtt.store(bbr.min_rtt(), Relaxed);
        self.inflight_longterm
            .store(bbr.inflight_longterm(), Relaxed);
        self.inflight_shortterm
            .store(bbr.inflight_shortterm(), Relaxed);
        self.cwnd.store(socket.cwnd(), Relaxed);
        self.pacing_rate.store(socket.pacing_rate(), Relaxed);
    }

    /// The phase's number.
    pub(crate) fn phase(&self) -> u32 {
        self.phase.load(Relaxed)
    }
}

/// So many locks do the sockets of a namespace share.
const BUCKETS: usize = 64;

type Bucket = KVec<Arc<Shown>>;

/// The sockets of a namespace.
#[pin_data]
pub(crate) struct Table {
    #[pin]
    buckets: [SpinLock<Bucket>; BUCKETS],
    count: Atomic<u32>,
}

impl Table {
    fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            buckets <- pin_init::pin_init_array_from_fn(|_| new_spinlock!(KVec::new())),
            count: Atomic::<u32>::new(0),
        })
    }

    /// Works on the bucket of a socket. Others take its lock in softirq.
    fn with<R>(
        &self,
        at: usize,
        context: impl Context,
        f: impl FnOnce(&mut Bucket) -> R + Send,
    ) -> Option<R> {
        let bucket = self.buckets.get(at)?;
        Some(bh_disabled(context, |_| f(&mut bucket.lock())))
    }

    fn bucket_of(cookie: u64) -> usize {
        cookie as usize % BUCKETS
    }

    /// Adds a socket. `None` if there is no memory: it is not told of then.
    pub(crate) fn add(&self, socket: &Socket<'_>, context: impl Context) -> Option<Arc<Shown>> {
        let shown = Arc::new(Shown::new(socket), GFP_ATOMIC).ok()?;
        let added = shown.clone();
        self.with(Self::bucket_of(shown.cookie), context, |bucket| {
            bucket.push(added, GFP_ATOMIC)
        })?
        .ok()?;
        self.count.fetch_add(1, Relaxed);
        Some(shown)
    }

    /// Removes a socket.
    pub(crate) fn remove(&self, cookie: u64, context: impl Context) {
        let found = self.with(Self::bucket_of(cookie), context, |bucket| {
            let at = bucket.iter().position(|shown| shown.cookie == cookie)?;
            bucket.remove(at).ok()
        });
        if let Some(Some(_)) = found {
            self.count.fetch_sub(1, Relaxed);
        }
    }

    /// How many sockets there are.
    pub(crate) fn count(&self) -> u32 {
        self.count.load(Relaxed)
    }

    /// Those that there are, a bucket after the other.
    pub(crate) fn all(&self, process: Process<'_>) -> Result<KVVec<Arc<Shown>>> {
        let mut all = KVVec::new();
        for at in 0..BUCKETS {
            // As many as there were a moment ago, and some more. Others are told of the next time.
            let len = self.with(at, process, |bucket| bucket.len()).unwrap_or(0);
            all.reserve(len.saturating_add(8), GFP_KERNEL_ACCOUNT)?;
            self.with(at, process, |bucket| {
                for shown in bucket.iter() {
                    if all.push_within_capacity(shown.clone()).is_err() {
                        break;
                    }
                }
            });
        }
        Ok(all)
    }
}

/// The sockets of a namespace, for as long as the namespace or one of them is there.
pub(crate) struct Sockets(pub(crate) Arc<Table>);

impl netns::NetState for Sockets {
    fn init<'a>(_net: &'a Net, _process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        Arc::pin_init(Table::new(), GFP_KERNEL).map(Sockets)
    }
}
