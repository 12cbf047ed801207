// SPDX-License-Identifier: GPL-2.0

//! Objects that come and go while they are dumped.

use core::num::NonZero;
use kernel::{
    new_mutex,
    prelude::*,
    rbtree::RBTree,
    sync::Mutex, //
};
use kernet::{
    context::Process,
    genl::Full,
    netns::{
        self,
        Net, //
    },
};

use crate::{
    nl_generated::{
        ObjectAddRequest,
        ObjectDelRequest,
        ObjectGetEntries,
        ObjectGetRequest, //
    },
    Conform,
    Counted, //
};

/// The most objects in a namespace.
const MAX_OBJECTS: usize = 1 << 17;

/// The objects of a namespace.
#[pin_data]
pub(crate) struct Objects {
    #[pin]
    kept: Mutex<Kept>,
}

struct Kept {
    /// By their numbers.
    objects: RBTree<u32, KVec<u8>>,
    count: usize,
    /// Another one after each change.
    generation: NonZero<u32>,
}

impl netns::NetState for Objects {
    fn init<'a>(_: &'a Net, _process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            kept <- new_mutex!(Kept {
                objects: RBTree::new(),
                count: 0,
                generation: NonZero::<u32>::MIN,
            }),
        }? Error)
    }
}

/// How far a dump has come: the lowest number that has not been dumped.
pub(crate) struct Walk {
    next: u64,
    _counted: Counted,
}

impl Walk {
    pub(crate) fn new() -> Self {
        Self {
            next: 0,
            _counted: Counted::new(),
        }
    }
}

/// The numbers that a request is about.
fn range(first: Option<u32>, count: Option<u32>) -> impl Iterator<Item = u32> {
    let first = first.unwrap_or(0);
    (0..count.unwrap_or(1)).map_while(move |n| first.checked_add(n))
}

impl Kept {
    fn changed(&mut self) {
        self.generation = self
            .generation
            .checked_add(1)
            .unwrap_or(NonZero::<u32>::MIN);
    }

    fn add(&mut self, id: u32, data: &[u8]) -> Result {
        if self.objects.get(&id).is_some() {
            return Ok(());
        }
        if self.count >= MAX_OBJECTS {
            return Err(ENOSPC);
        }
        let mut kept = KVec::new();
        kept.extend_from_slice(data, GFP_KERNEL)?;
        self.objects.try_create_and_insert(id, kept, GFP_KERNEL)?;
        self.count += 1;
        self.changed();
        Ok(())
    }

    fn delete(&mut self, id: u32) {
        if self.objects.remove(&id).is_some() {
            self.count -= 1;
            self.changed();
        }
    }
}

pub(crate) fn add(request: &ObjectAddRequest<'_, Conform>) -> Result {
    let mut kept = request.state::<Conform>().ok_or(ENODEV)?.kept.lock();
    for id in range(request.id(), request.count()) {
        kept.add(id, request.data().unwrap_or(&[]))?;
    }
    Ok(())
}

pub(crate) fn delete(request: &ObjectDelRequest<'_, Conform>) -> Result {
    let mut kept = request.state::<Conform>().ok_or(ENODEV)?.kept.lock();
    for id in range(request.id(), request.count()) {
        kept.delete(id);
    }
    Ok(())
}

pub(crate) fn dump(
    request: &ObjectGetRequest<'_, Conform>,
    walk: &mut Walk,
    entries: &mut ObjectGetEntries<'_>,
) -> Result<(), Full> {
    let mut kept = request.state::<Conform>().ok_or(ENODEV)?.kept.lock();
    entries.generation(kept.generation);
    let Ok(next) = u32::try_from(walk.next) else {
        return Ok(());
    };
    let mut cursor = kept.objects.cursor_lower_bound_mut(&next);
    while let Some(at) = cursor {
        let (&id, data) = at.current();
        walk.next = id.into();
        let put = entries.put(|message| {
            message.id(id)?.data(data)?;
            if request.without() == Some(id) {
                return Err(ENOENT);
            }
            Ok(())
        });
        match put {
            Err(Full::Error(e)) if e == ENOENT => {}
            other => other?,
        }
        walk.next += 1;
        cursor = at.move_next();
    }
    Ok(())
}
