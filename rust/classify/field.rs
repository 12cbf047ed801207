// SPDX-License-Identifier: GPL-2.0

//! The fields of a packet, each as a number.

use super::Address;

/// A field that rules look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Field {
    DestinationPort,
    Destination,
    Source,
    SourcePort,
    Protocol,
    Input,
    Output,
}

/// The port of a packet that has none.
pub(super) const NO_PORT: u32 = 0x1_0000;

impl Field {
    /// All, those first by which most tables are left out.
    pub(super) const ALL: [Self; 7] = [
        Self::DestinationPort,
        Self::Destination,
        Self::Source,
        Self::SourcePort,
        Self::Protocol,
        Self::Input,
        Self::Output,
    ];

    /// The greatest value.
    pub(super) fn last<A: Address>(self) -> A {
        match self {
            Self::Source | Self::Destination => A::MAX,
            Self::SourcePort | Self::DestinationPort => A::from(NO_PORT),
            Self::Protocol => A::from(u32::from(u8::MAX)),
            Self::Input | Self::Output => A::from(u32::MAX),
        }
    }

    /// How many bits a value has.
    pub(super) fn width<A: Address>(self) -> u32 {
        match self {
            Self::Source | Self::Destination => u32::from(A::WIDTH),
            Self::SourcePort | Self::DestinationPort => 17,
            Self::Protocol => 8,
            Self::Input | Self::Output => 32,
        }
    }
}
