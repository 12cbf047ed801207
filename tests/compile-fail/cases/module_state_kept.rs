// SPDX-License-Identifier: GPL-2.0
// error: borrowed data escapes outside of

//! The state of a module kept in a static, where its drop would find it.

#![forbid(unsafe_code)]

use kernel::{prelude::*, sync::SetOnce};
use kernet::{
    context::Process,
    module::state::{self, ModuleState},
    timer::Jiffies,
    work::{self, Work},
};

kernet::module! {
    type: Mine,
    name: "module_state_kept",
    authors: ["Nobody"],
    description: "Reads what was freed",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = (state::Registration<Numbers>, work::Registration<Mine>);
}

struct Numbers(KVec<u64>);

kernet::slot!(Numbers: state::Slot<Numbers>);
kernet::slot!(Mine: work::Slot);

impl ModuleState for Numbers {
    fn init<'a>(_: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        KVec::from_elem(7, 64, GFP_KERNEL)
            .map(Numbers)
            .map_err(Error::from)
    }
}

static KEPT: SetOnce<&'static Numbers> = SetOnce::new();

impl Work for Mine {
    fn run(process: Process<'_>) -> Option<Jiffies> {
        KEPT.populate(state::get::<Numbers>(process)?);
        let Numbers(numbers) = KEPT.as_ref()?;
        pr_info!("freed: {:?}\n", numbers.first());
        None
    }
}
