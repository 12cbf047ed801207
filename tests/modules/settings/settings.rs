// SPDX-License-Identifier: GPL-2.0

//! Settings, files and a device of a module, in each namespace and of the module as a whole. For tests alone.

#![forbid(unsafe_code)]

use kernel::{
    new_mutex,
    prelude::*,
    rbtree::RBTree,
    seq_file::SeqFile,
    seq_print,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Mutex, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};
use kernet::{
    context::{
        rcu_read,
        Process, //
    },
    debugfs,
    file::Mode,
    miscdevice,
    module::state::{
        self,
        ModuleState, //
    },
    netfilter,
    netns::{
        Net,
        NetState, //
    },
    proc_fs::{
        self,
        NetFile, //
    },
    sysctl::{
        self,
        Entry, //
    }, //
};

mod filter;
mod opened;

kernet::module! {
    type: Settings,
    name: "settings",
    authors: ["The kernet developers"],
    description: "Settings, files and a device that go at the worst moments",
    license: "GPL",
    params: {
        rows: u32 {
            default: 3,
            description: "Rows of each namespace at first",
        },
        refuse: bool {
            default: false,
            description: "Fail to load, when the first state is made",
        },
    },
}

struct Settings;

impl kernet::Module for Settings {
    type State = Rows;
    type Parts = (
        state::Registration<Totals>,
        sysctl::Registration<Settings>,
        proc_fs::NetRegistration<Settings>,
        netfilter::Registration<filter::Filter>,
        (
            debugfs::Registration<Settings>,
            miscdevice::Registration<opened::Opened>,
        ),
        state::Registration<Late>,
    );
}

/// What the module counts as a whole.
pub(crate) struct Totals {
    /// Namespaces that were made, before there is anything else of the module.
    namespaces: Atomic<u64>,
    changes: Atomic<u64>,
    /// Packets that the hook has seen.
    packets: Atomic<u64>,
}

kernet::slot!(Totals: state::Slot<Totals>);

impl ModuleState for Totals {
    fn init<'a>(process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        // Not while it is made.
        let made = state::get::<Totals>(process).is_some();
        (!made)
            .then(|| Totals {
                namespaces: Atomic::<u64>::new(0),
                changes: Atomic::<u64>::new(0),
                packets: Atomic::<u64>::new(0),
            })
            .ok_or(EINVAL)
    }
}

impl Drop for Totals {
    fn drop(&mut self) {
        pr_info!("{} namespaces\n", self.namespaces.load(Relaxed));
    }
}

/// The last state to be made, which fails if the module is to fail.
struct Late;

kernet::slot!(Late: state::Slot<Late>);

impl ModuleState for Late {
    fn init<'a>(process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        let refused = *module_parameters::refuse.value_ref();
        // Made before.
        let made = state::get::<Totals>(process).is_some();
        (made && !refused).then_some(Late).ok_or(EINVAL)
    }
}

/// The rows of a namespace, by their keys.
#[pin_data]
pub(crate) struct Rows {
    #[pin]
    rows: Mutex<RBTree<u32, u64>>,
}

impl NetState for Rows {
    fn init<'a>(net: &'a Net, process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            rows <- new_mutex!(Self::first(net, process)?),
        }? Error)
    }
}

impl Rows {
    /// The rows of a new namespace.
    fn first(net: &Net, process: Process<'_>) -> Result<RBTree<u32, u64>> {
        // Neither is there yet.
        if rcu_read(|rcu| net.sysctl::<Settings>(rcu).is_some()) {
            return Err(EINVAL);
        }
        let totals = state::get::<Totals>(process).ok_or(EINVAL)?;
        totals.namespaces.fetch_add(1, Relaxed);
        let mut rows = RBTree::new();
        for key in 0..module_parameters::rows.value() {
            rows.try_create_and_insert(key, 0, GFP_KERNEL)?;
        }
        Ok(rows)
    }

    fn add(&self, key: u32) {
        // Without memory there is no row.
        let _ = self.rows.lock().try_create_and_insert(key, 1, GFP_KERNEL);
    }
}

pub(crate) const LONGEST: usize = 0;
pub(crate) const DROP: usize = 1;
const FILL: usize = 2;
const ADD: usize = 3;
const REMOVE: usize = 4;
const LINGER: usize = 5;
const ROWS: usize = 6;
pub(crate) const DROPPED: usize = 7;

kernet::slot!(Settings: sysctl::Slot);

impl sysctl::Table for Settings {
    type Module = Settings;

    const PATH: &'static CStr = c"net/kernet/settings";
    const ENTRIES: &'static [Entry] = &[
        Entry::int(c"longest", -1, -1, 65535),
        Entry::bool(c"drop", false),
        Entry::unsigned(c"fill", 0, 0, 100_000),
        Entry::unsigned(c"add", 0, 0, u32::MAX),
        Entry::unsigned(c"remove", 0, 0, u32::MAX),
        Entry::unsigned(c"linger_ms", 0, 0, 10_000),
        Entry::unsigned(c"rows", 0, 0, 1000).mode(Mode::ReadOnly),
        Entry::int(c"dropped", 0, 0, i32::MAX).mode(Mode::OwnerReadOnly),
    ];

    fn changed(net: &Net, state: &Rows, entry: usize, process: Process<'_>) {
        if let Some(totals) = state::get::<Totals>(process) {
            totals.changes.fetch_add(1, Relaxed);
        }
        let given = rcu_read(|rcu| {
            let values = net.sysctl::<Settings>(rcu)?;
            Some((
                values.unsigned::<FILL>(),
                values.unsigned::<ADD>(),
                values.unsigned::<REMOVE>(),
            ))
        });
        let Some((fill, add, remove)) = given else {
            return;
        };
        match entry {
            FILL => {
                // With gaps.
                for index in 0..fill {
                    state.add(index.wrapping_mul(2));
                }
            }
            ADD => state.add(add),
            REMOVE => {
                state.rows.lock().remove(&remove);
            }
            // The end of the namespace waits for this, and this for RTNL.
            LINGER => {
                linger(net);
                process.with_rtnl(|_| linger(net));
            }
            _ => {}
        }
        let rows = state.rows.lock().keys().count();
        rcu_read(|rcu| {
            if let Some(values) = net.sysctl::<Settings>(rcu) {
                // More than 1000 are 1000.
                values.set_unsigned::<ROWS>(rows.try_into().unwrap_or(u32::MAX));
            }
        });
    }
}

fn linger(net: &Net) {
    let ms = rcu_read(|rcu| Some(net.sysctl::<Settings>(rcu)?.unsigned::<LINGER>()));
    LINGERING.fetch_add(1, Relaxed);
    fsleep(Delta::from_millis(ms.unwrap_or(0).into()));
    LINGERING.fetch_sub(1, Relaxed);
}

/// How many are in [`linger`].
static LINGERING: Atomic<u64> = Atomic::<u64>::new(0);

kernet::slot!(Settings: proc_fs::NetSlot);

impl NetFile for Settings {
    type Module = Settings;

    const NAME: &'static CStr = c"settings_rows";

    fn header(file: &SeqFile) {
        seq_print!(file, "key value\n");
    }

    fn seek(_net: &Net, state: &Rows, position: u64, _process: Process<'_>) -> Option<u64> {
        let position = position.try_into().ok()?;
        let rows = state.rows.lock();
        let cursor = rows.cursor_lower_bound(&position)?;
        Some((*cursor.current().0).into())
    }

    fn show(net: &Net, state: &Rows, position: u64, file: &SeqFile, _process: Process<'_>) {
        // The first row of a namespace in which somebody wants to be waited for.
        if position == 0 {
            linger(net);
        }
        let Ok(key) = position.try_into() else {
            return;
        };
        let rows = state.rows.lock();
        if let Some(value) = rows.get(&key) {
            seq_print!(file, "{key} {value}\n");
        }
    }
}

impl debugfs::Folder for Settings {
    const FILES: &'static [debugfs::File] = &[
        debugfs::File::new(c"totals", show_totals),
        debugfs::File::new(c"changes", show_changes).writable(set_changes),
    ];
}

fn show_totals(file: &SeqFile, process: Process<'_>) {
    if let Some(totals) = state::get::<Totals>(process) {
        seq_print!(file, "namespaces {}\n", totals.namespaces.load(Relaxed));
        seq_print!(file, "packets {}\n", totals.packets.load(Relaxed));
        seq_print!(file, "rows {}\n", module_parameters::rows.value());
        seq_print!(file, "lingering {}\n", LINGERING.load(Relaxed));
        seq_print!(file, "opened {}\n", opened::OPENED.load(Relaxed));
    }
}

fn show_changes(file: &SeqFile, process: Process<'_>) {
    if let Some(totals) = state::get::<Totals>(process) {
        seq_print!(file, "{}\n", totals.changes.load(Relaxed));
    }
}

fn set_changes(bytes: &[u8], process: Process<'_>) -> Result {
    let text = core::str::from_utf8(bytes.trim_ascii()).map_err(|_| EINVAL)?;
    let number = text.parse().map_err(|_| EINVAL)?;
    let totals = state::get::<Totals>(process).ok_or(ENODEV)?;
    totals.changes.store(number, Relaxed);
    Ok(())
}
