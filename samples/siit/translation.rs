// SPDX-License-Identifier: GPL-2.0

//! What a translator translates by: settings and a table of mappings, each replaced as a whole.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex, //
    }, //
};
use kernet::{
    context::{
        Process,
        Rcu, //
    },
    random,
    rcu,
    wire::xlat::{
        self,
        BadTable,
        Mapping,
        Settings,
        Translator, //
    }, //
};

use crate::Counters;

/// The most mappings of a translator.
pub(crate) const MAX_MAPPINGS: usize = 1 << 20;

/// A table of mappings.
pub(crate) type Table = xlat::Table<KVVec<Mapping>, KVVec<u32>>;

/// Settings and table that belong together.
pub(crate) struct Translation {
    settings: Settings,
    table: Arc<Table>,
}

impl Translation {
    /// The translator.
    pub(crate) fn translator(&self) -> Translator<'_, KVVec<Mapping>, KVVec<u32>> {
        Translator::new(&self.table, &self.settings)
    }
}

/// Why a table could not be made.
pub(crate) enum TableError {
    Bad(BadTable),
    Memory(Error),
}

/// Makes a table of mappings.
pub(crate) fn table(mappings: KVVec<Mapping>) -> Result<Table, TableError> {
    let len = Table::index_len(mappings.len());
    let index = || KVVec::from_elem(0_u32, len, GFP_KERNEL_ACCOUNT);
    let index4 = index().map_err(|e| TableError::Memory(e.into()))?;
    let index6 = index().map_err(|e| TableError::Memory(e.into()))?;
    Table::new(mappings, index4, index6, random::u64()).map_err(TableError::Bad)
}

/// What a device and requests share.
#[pin_data]
pub(crate) struct Shared {
    /// What packets are translated by. Never empty.
    active: rcu::RcuPointer<Translation>,
    /// A copy of that setting, for where packets are only looked at.
    lowest_ipv6_mtu: Atomic<u32>,
    /// The same as in `active`; held by who changes it.
    #[pin]
    editor: Mutex<(Settings, Arc<Table>)>,
    pub(crate) counters: Counters,
}

impl Shared {
    /// A translator without mappings.
    pub(crate) fn new(settings: Settings, process: Process<'_>) -> Result<Arc<Self>> {
        let table = table(KVVec::new()).map_err(|error| match error {
            TableError::Memory(error) => error,
            TableError::Bad(_) => EINVAL,
        })?;
        let table = Arc::new(table, GFP_KERNEL_ACCOUNT)?;
        let active = rcu::RcuBox::new(
            Translation {
                settings,
                table: table.clone(),
            },
            process,
        )?;
        Arc::pin_init(
            try_pin_init!(Self {
                active: rcu::RcuPointer::new(active),
                lowest_ipv6_mtu: Atomic::<u32>::new(settings.lowest_ipv6_mtu),
                editor <- new_mutex!((settings, table)),
                counters: Counters::new(),
            }? Error),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// What a packet is translated by.
    pub(crate) fn get<'a, 'rcu: 'a>(&'a self, rcu: Rcu<'rcu>) -> Option<&'a Translation> {
        self.active.get(rcu)
    }

    /// The setting.
    pub(crate) fn lowest_ipv6_mtu(&self) -> u32 {
        self.lowest_ipv6_mtu.load(Relaxed)
    }

    /// Settings and table.
    pub(crate) fn current(&self, _process: Process<'_>) -> (Settings, Arc<Table>) {
        let editor = self.editor.lock();
        (editor.0, editor.1.clone())
    }

    /// Changes the settings.
    pub(crate) fn set(
        &self,
        process: Process<'_>,
        change: impl FnOnce(Settings) -> Result<Settings>,
    ) -> Result {
        let mut editor = self.editor.lock();
        let settings = change(editor.0)?;
        let table = editor.1.clone();
        let node = rcu::RcuBox::new(Translation { settings, table }, process)?;
        editor.0 = settings;
        self.lowest_ipv6_mtu
            .store(settings.lowest_ipv6_mtu, Relaxed);
        self.active.replace(Some(node), process);
        Ok(())
    }

    /// Changes the table. Returns how many mappings it has.
    pub(crate) fn set_table(
        &self,
        process: Process<'_>,
        change: impl FnOnce(&Table) -> Result<Table>,
    ) -> Result<usize> {
        let mut editor = self.editor.lock();
        let table = Arc::new(change(&editor.1)?, GFP_KERNEL_ACCOUNT)?;
        let count = table.mappings().len();
        let translation = Translation {
            settings: editor.0,
            table: table.clone(),
        };
        let node = rcu::RcuBox::new(translation, process)?;
        editor.1 = table;
        self.active.replace(Some(node), process);
        Ok(count)
    }
}
