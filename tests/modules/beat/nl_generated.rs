// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
// Made by scripts/ynl-gen-rust from tests/modules/beat/beat.yaml. Do not edit.

//! A notification each second. The module is printed in Documentation/time.md.
//!
//! Generic netlink family `beat`.

#![allow(dead_code, unused_imports)]

use core::marker::PhantomData;
use kernel::prelude::*;
use kernet::{
    context::Process,
    genl,
    nlattr::{
        Attr,
        Attrs,
        Be,
        Bitfield32,
        Enum,
        Nest,
        Policies,
        Policy,
        Range,
        SignedRange,
        Table,
        Value,
        View,
        Writer, //
    }, //
};

/// The types of the attributes, by their sets.
pub(crate) mod attr {
    /// Of `beat`.
    pub(crate) mod beat {
        pub(crate) const COUNT: u16 = 1;
    }
}

/// What requests may hold.
mod policy {
    use super::*;
}

/// What is nested in requests.
pub(crate) mod view {
    use super::*;
}

/// Requests.
pub(crate) mod request {
    use super::*;
}

/// What is nested in replies and notifications.
pub(crate) mod build {
    use super::*;
    use kernet::nlattr::{Array, Builder};
}

/// Replies and notifications.
pub(crate) mod reply {
    use super::*;
    use kernet::nlattr::{Array, Builder};

    /// Attributes of a message `Beat`.
    pub(crate) struct Beat<'a>(pub(super) Writer<'a>);

    impl Builder for Beat<'static> {
        type On<'a> = Beat<'a>;

        fn on(writer: Writer<'_>) -> Beat<'_> {
            Beat(writer)
        }
    }

    impl Beat<'_> {
        /// How many there were in this namespace.
        pub(crate) fn count(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::beat::COUNT, value)?;
            Ok(self)
        }
    }
}

/// The protocol of the family.
pub(crate) struct Spec;

impl genl::FamilySpec for Spec {
    const NAME: &'static CStr = c"beat";
    const VERSION: u32 = 1;
    const GROUPS: &'static [genl::McastGroup] = &[genl::McastGroup::new(c"beats")];
}

kernet::slot!(Spec: genl::Slot);

/// The multicast groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// `beats`.
    Beats,
}

impl Group {
    fn from_index(index: usize) -> Option<Self> {
        match index {
            0 => Some(Self::Beats),
            _ => None,
        }
    }
}

/// The multicast groups, as types.
pub(crate) mod group {
    use super::*;

    /// `beats`.
    pub(crate) struct Beats;

    impl genl::Group for Beats {
        type Spec = Spec;

        const INDEX: usize = 0;
    }
}

/// What nobody has asked for.
pub(crate) mod notify {
    use super::*;

    /// A second has passed.
    pub(crate) struct Beat;

    impl genl::Notification for Beat {
        type Group = group::Beats;
        type Builder = reply::Beat<'static>;

        const COMMAND: u8 = 1;
    }
}

/// What the family does: implemented by who serves it.
pub(crate) trait Operations: Sized + Send + Sync + 'static {
    /// A socket begins to listen to a group.
    fn bind(_group: Group, _process: Process<'_>) {}

    /// A socket no longer listens to a group.
    fn unbind(_group: Group, _process: Process<'_>) {}
}

/// The family, served by `T`.
pub(crate) struct Server<T>(PhantomData<fn() -> T>);

/// The registration of the family, served by `T`.
pub(crate) type Registration<T> = genl::Registration<Server<T>>;

impl<T: Operations> genl::FamilyServer for Server<T> {
    type Spec = Spec;
    type Socket = ();

    const OPS: &'static [genl::Op<Self>] = &[];

    fn bind(group: usize, process: Process<'_>) {
        if let Some(group) = Group::from_index(group) {
            T::bind(group, process);
        }
    }

    fn unbind(group: usize, process: Process<'_>) {
        if let Some(group) = Group::from_index(group) {
            T::unbind(group, process);
        }
    }
}

/// The operations, as the layer calls them.
mod op {
    use super::*;
}
