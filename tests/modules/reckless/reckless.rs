// SPDX-License-Identifier: GPL-2.0

//! Algorithms of an author who is hostile, or has not read the documentation: absurd answers, states that
//! refuse to be made, and states that count themselves. For tests alone.

#![forbid(unsafe_code)]

use kernel::{
    macros::vtable,
    prelude::*,
    seq_file::SeqFile,
    seq_print,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
};
use kernet::{
    context::{
        bh_disabled,
        rcu_read,
        Owned,
        Process, //
    },
    netns::Net,
    proc_fs::{
        self,
        NetFile, //
    },
    sysctl::{
        self,
        Entry, //
    },
    tcp::{
        self,
        AckEvent,
        AckFlags,
        AckSample,
        CaState, //
        CongestionControl,
        CwndEvent,
        Info,
        RateSample,
        Socket,
    },
};

kernet::module! {
    type: Reckless,
    name: "reckless",
    authors: ["The kernet developers"],
    description: "Congestion control that answers anything",
    license: "GPL",
    alias: ["tcp_absurd-fifteen.", "tcp_classic"],
}

struct Reckless;

impl kernet::Module for Reckless {
    type State = ();
    type Parts = (
        sysctl::Registration<Reckless>,
        proc_fs::NetRegistration<Reckless>,
        tcp::Registration<Absurd>,
        tcp::Registration<Classic>,
        tcp::Registration<Twin>,
    );
}

kernet::slot!(Reckless: sysctl::Slot);
kernet::slot!(Reckless: proc_fs::NetSlot);
kernet::slot!(Absurd: tcp::Slot);
kernet::slot!(Classic: tcp::Slot);
kernet::slot!(Twin: tcp::Slot);

/// The index of each setting.
const ANSWER: usize = 0;
const FAIL: usize = 1;

impl sysctl::Table for Reckless {
    type Module = Reckless;

    const PATH: &'static CStr = c"net/reckless";
    const ENTRIES: &'static [Entry] = &[
        Entry::unsigned(c"answer", 0, 0, u32::MAX),
        Entry::bool(c"fail", false),
    ];
}

static MADE: Atomic<u64> = Atomic::<u64>::new(0);
static RELEASED: Atomic<u64> = Atomic::<u64>::new(0);
static DROPPED: Atomic<u64> = Atomic::<u64>::new(0);
static CALLS: Atomic<u64> = Atomic::<u64>::new(0);
static CLONED: Atomic<u64> = Atomic::<u64>::new(0);

impl NetFile for Reckless {
    type Module = Reckless;

    const NAME: &'static CStr = c"reckless";

    fn seek(_net: &Net, _state: &(), position: u64, _process: Process<'_>) -> Option<u64> {
        (position == 0).then_some(0)
    }

    fn show(_net: &Net, _state: &(), _position: u64, file: &SeqFile, _process: Process<'_>) {
        seq_print!(
            file,
            "made {} released {} dropped {} calls {} cloned {} fallbacks {}\n",
            MADE.load(Relaxed),
            RELEASED.load(Relaxed),
            DROPPED.load(Relaxed),
            CALLS.load(Relaxed),
            CLONED.load(Relaxed),
            tcp::fallbacks::<Absurd>(),
        );
    }
}

/// What a namespace wants to be answered, and whether states are made.
fn wanted(socket: &Socket<'_>) -> (u32, bool) {
    let Some(net) = socket.net() else {
        return (1, false);
    };
    rcu_read(|rcu| {
        net.sysctl::<Reckless>(rcu).map_or((1, false), |values| {
            (values.unsigned::<ANSWER>(), values.bool::<FAIL>())
        })
    })
}

/// A state that is larger than what the socket has room for, owns something, and knows whose it is.
struct Absurd {
    owned: Arc<u64>,
    cookie: u64,
    filler: [u64; 32],
}

impl Absurd {
    fn check(&mut self, socket: &Socket<'_>, owned: Owned<'_>) -> u32 {
        CALLS.fetch_add(1, Relaxed);
        // A child that has its listener's state would show it here.
        if self.cookie != socket.cookie() || *self.owned != self.cookie {
            CLONED.fetch_add(1, Relaxed);
        }
        // Memory may be had in every callback, and bottom halves disabled.
        if let Ok(new) = Arc::new(self.cookie, GFP_ATOMIC) {
            self.owned = new;
        }
        let filler = &mut self.filler;
        bh_disabled(owned, |_| {
            for word in filler {
                *word = word.wrapping_add(1);
            }
        });
        wanted(socket).0
    }

    /// Sets all that can be set to an absurd number.
    fn set_all(&mut self, socket: &mut Socket<'_>, owned: Owned<'_>) -> u32 {
        let answer = self.check(socket, owned);
        socket.set_cwnd(answer);
        socket.set_cwnd_count(answer);
        socket.set_ssthresh(answer);
        socket.set_pacing_rate(u64::from(answer).wrapping_sub(1));
        socket.pace();
        socket.slow_start(answer);
        socket.additive_increase(answer, answer);
        socket.reno_cong_avoid(answer, answer);
        socket.mark_app_limited();
        socket.show(Info::Vegas {
            enabled: true,
            count: answer,
            rtt: answer,
            min_rtt: answer,
        });
        // It would wait for hours between two packets.
        socket.set_pacing_rate(u64::MAX);
        answer
    }
}

impl Drop for Absurd {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Relaxed);
    }
}

#[vtable]
impl CongestionControl for Absurd {
    const NAME: &'static str = "absurd-fifteen.";
    const NON_RESTRICTED: bool = true;
    const NEEDS_ECN: bool = true;

    fn init(socket: &mut Socket<'_>, owned: Owned<'_>) -> Result<Self> {
        let (_, fail) = wanted(socket);
        if fail {
            return Err(EINVAL);
        }
        let cookie = socket.cookie();
        let mut state = Self {
            owned: Arc::new(cookie, GFP_ATOMIC)?,
            cookie,
            filler: [0; 32],
        };
        MADE.fetch_add(1, Relaxed);
        state.set_all(socket, owned);
        Ok(state)
    }

    fn release(&mut self, socket: &mut Socket<'_>, owned: Owned<'_>) {
        self.set_all(socket, owned);
        RELEASED.fetch_add(1, Relaxed);
    }

    fn ssthresh(&mut self, socket: &mut Socket<'_>, owned: Owned<'_>) -> u32 {
        self.set_all(socket, owned)
    }

    fn undo_cwnd(&mut self, socket: &mut Socket<'_>, owned: Owned<'_>) -> u32 {
        self.set_all(socket, owned)
    }

    fn cong_control(
        &mut self,
        socket: &mut Socket<'_>,
        _flags: AckFlags,
        _sample: &RateSample<'_>,
        owned: Owned<'_>,
    ) {
        self.set_all(socket, owned);
    }

    fn set_state(&mut self, socket: &mut Socket<'_>, _new: CaState, owned: Owned<'_>) {
        self.set_all(socket, owned);
    }

    fn cwnd_event(&mut self, socket: &mut Socket<'_>, _event: CwndEvent, owned: Owned<'_>) {
        self.set_all(socket, owned);
    }

    fn tx_start(&mut self, socket: &mut Socket<'_>, owned: Owned<'_>) {
        self.set_all(socket, owned);
    }

    fn in_ack_event(&mut self, socket: &mut Socket<'_>, _event: AckEvent, owned: Owned<'_>) {
        self.set_all(socket, owned);
    }

    fn pkts_acked(&mut self, socket: &mut Socket<'_>, _sample: AckSample, owned: Owned<'_>) {
        self.set_all(socket, owned);
    }

    fn min_tso_segs(&mut self, socket: &mut Socket<'_>, owned: Owned<'_>) -> u32 {
        self.set_all(socket, owned)
    }

    fn sndbuf_expand(&mut self, socket: &mut Socket<'_>, owned: Owned<'_>) -> u32 {
        self.set_all(socket, owned)
    }
}

/// One that leaves the window to the core, and answers absurdly what it is asked: a state in the socket.
struct Classic {
    socket: Arc<u64>,
}

#[vtable]
impl CongestionControl for Classic {
    const NAME: &'static str = "classic";

    fn init(socket: &mut Socket<'_>, _owned: Owned<'_>) -> Result<Self> {
        Ok(Self {
            socket: Arc::new(socket.cookie(), GFP_ATOMIC)?,
        })
    }

    fn ssthresh(&mut self, socket: &mut Socket<'_>, _owned: Owned<'_>) -> u32 {
        wanted(socket).0
    }

    fn undo_cwnd(&mut self, socket: &mut Socket<'_>, _owned: Owned<'_>) -> u32 {
        wanted(socket).0
    }

    fn cong_avoid(&mut self, socket: &mut Socket<'_>, ack: u32, _acked: u32, _owned: Owned<'_>) {
        CALLS.fetch_add(1, Relaxed);
        if *self.socket != socket.cookie() {
            CLONED.fetch_add(1, Relaxed);
        }
        socket.reno_cong_avoid(ack, u32::MAX);
    }
}

/// One whose name that of another module is: the module fails to load, as the last thing, if that is there.
struct Twin;

#[vtable]
impl CongestionControl for Twin {
    const NAME: &'static str = "newreno";

    fn init(_socket: &mut Socket<'_>, _owned: Owned<'_>) -> Result<Self> {
        Err(ENOMEM)
    }

    fn cong_avoid(&mut self, _socket: &mut Socket<'_>, _ack: u32, _acked: u32, _owned: Owned<'_>) {}
}
