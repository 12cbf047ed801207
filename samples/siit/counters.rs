// SPDX-License-Identifier: GPL-2.0

//! How many packets were refused, and why.

use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};
use kernet::{
    skb::TranslateError,
    wire::xlat::Refused, //
};

kernet::stats! {
    /// What `ethtool -S` shows.
    pub(crate) struct Stats {
        header = "refused_header",
        source = "refused_source",
        destination = "refused_destination",
        unmapped = "refused_unmapped",
        private = "refused_private",
        source_route = "refused_source_route",
        fragment = "refused_fragment",
        protocol = "refused_protocol",
        icmp_type = "refused_icmp_type",
        icmp_code = "refused_icmp_code",
        nested = "refused_nested_error",
        no_checksum = "refused_no_checksum",
        too_big = "refused_too_big",
        version = "refused_version",
        unsupported = "refused_segments",
        no_memory = "no_memory",
    }
}

/// How many reasons there are.
const REASONS: usize = 16;

/// Counts by reason, in the order of [`Stats`].
pub(crate) struct Counters([Atomic<u64>; REASONS]);

impl Counters {
    pub(crate) const fn new() -> Self {
        Self([const { Atomic::<u64>::new(0) }; REASONS])
    }

    /// Counts a packet that was not translated.
    #[cold]
    pub(crate) fn count(&self, error: TranslateError) {
        if let Some(counter) = self.0.get(reason(error)) {
            counter.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn read(&self) -> Stats {
        let of = |at: usize| self.0.get(at).map_or(0, |counter| counter.load(Relaxed));
        Stats {
            header: of(0),
            source: of(1),
            destination: of(2),
            unmapped: of(3),
            private: of(4),
            source_route: of(5),
            fragment: of(6),
            protocol: of(7),
            icmp_type: of(8),
            icmp_code: of(9),
            nested: of(10),
            no_checksum: of(11),
            too_big: of(12),
            version: of(13),
            unsupported: of(14),
            no_memory: of(15),
        }
    }
}

/// The place of a reason.
fn reason(error: TranslateError) -> usize {
    let refused = match error {
        TranslateError::Refused(refused) => refused,
        TranslateError::Version => return 13,
        TranslateError::Unsupported => return 14,
        TranslateError::NoMemory => return 15,
    };
    match refused {
        Refused::Header(_) => 0,
        Refused::Source4(_) | Refused::Source6(_) => 1,
        Refused::Destination4(_) | Refused::Destination6(_) => 2,
        Refused::Unmapped4(_) | Refused::Unmapped6(_) => 3,
        Refused::Private(_) => 4,
        Refused::SourceRoute(_) | Refused::SegmentsLeft(_) => 5,
        Refused::FragmentedHeaders(_) | Refused::FragmentedIcmp => 6,
        Refused::Protocol(_) => 7,
        Refused::IcmpType(_) | Refused::Icmpv6Type(_) => 8,
        Refused::IcmpCode(..) | Refused::Icmpv6Code(..) | Refused::Pointer(_) => 9,
        Refused::Nested => 10,
        Refused::NoChecksum => 11,
        Refused::TooBig(_) | Refused::TooLong(_) => 12,
    }
}
