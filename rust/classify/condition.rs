// SPDX-License-Identifier: GPL-2.0

//! What a rule may want of a packet beside its fields.

/// How a packet belongs to a connection.
///
/// # Examples
///
/// ```
/// # use kernet_classify as classify;
/// use classify::{State, States};
///
/// let tracked = States::of(State::New) | States::of(State::Established);
/// assert!(tracked.has(State::New) && !tracked.has(State::Invalid));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// The connection has had no answer.
    New,
    /// The connection has packets of both ends.
    Established,
    /// It begins a connection that another one has announced, or is an error about one.
    Related,
    /// It should be of a connection, and is of none.
    Invalid,
    /// Nobody asks of which connection it is.
    Untracked,
}

impl State {
    /// All, in their order.
    pub const ALL: [Self; 5] = [
        Self::New,
        Self::Established,
        Self::Related,
        Self::Invalid,
        Self::Untracked,
    ];
}

/// A set of states.
///
/// # Examples
///
/// ```
/// # use kernet_classify as classify;
/// use classify::{State, States};
///
/// assert_eq!(States::from_bits(0b10001), Some(States::of(State::New) | States::of(State::Untracked)));
/// assert_eq!(States::from_bits(0), None); // nothing is in it
/// assert_eq!(States::from_bits(32), None); // a state that there is not
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct States(u8);

impl States {
    /// All states.
    pub const ALL: Self = Self(0b1_1111);

    /// One state.
    #[inline]
    pub const fn of(state: State) -> Self {
        Self(1 << state as u8)
    }

    /// Bit `n` is the state `n` of [`State::ALL`]. `None` if there is no such state, or nothing in the
    /// set.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => None,
            bits if bits & !Self::ALL.0 != 0 => None,
            bits => Some(Self(bits)),
        }
    }

    /// As [`Self::from_bits`] takes them.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether the state is in the set.
    #[inline]
    pub const fn has(self, state: State) -> bool {
        self.0 & Self::of(state).0 != 0
    }
}

impl core::ops::BitOr for States {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What is known of a packet beside its [`Key`](super::Key).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How it belongs to a connection.
    pub state: State,
    /// The control bits of a TCP header; `None` of a packet that has none, as of a later fragment.
    pub flags: Option<u8>,
    /// What few rules look at.
    pub meta: Meta,
}

impl Facts {
    /// Of a packet that no rule asks about.
    pub const NONE: Self = Self {
        state: State::Untracked,
        flags: None,
        meta: Meta::NONE,
    };
}

/// Numbers of a packet that few rules look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Bytes from the IP header on.
    pub length: u32,
    /// The time to live of IPv4, or the hop limit of IPv6.
    pub hop_limit: u8,
    /// The code point of differentiated services, 6 bits.
    pub dscp: u8,
    /// The number that the kernel keeps with the packet.
    pub mark: u32,
}

impl Meta {
    /// Of a packet that no rule asks about.
    pub const NONE: Self = Self {
        length: 0,
        hop_limit: 0,
        dscp: 0,
        mark: 0,
    };
}

/// What a rule wants beside its fields: all of it. A rule that wants any is
/// [conditional](super::Rule::conditional).
///
/// # Examples
///
/// ```
/// # use kernet_classify as classify;
/// use classify::{Condition, Facts, Meta, State, States};
///
/// let condition = Condition::NONE.states(States::of(State::New)).lengths(0, 100);
/// let short = Meta { length: 100, ..Meta::NONE };
/// assert!(condition.holds(&Facts { state: State::New, meta: short, ..Facts::NONE }));
/// assert!(!condition.holds(&Facts { state: State::Established, meta: short, ..Facts::NONE }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    brief: Brief,
    more: More,
}

/// The part of a [`Condition`] that many rules have: few bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Brief {
    /// 0 for any.
    states: u8,
    /// 0 for any flags.
    flags_mask: u8,
    flags: u8,
}

/// The part of a [`Condition`] that few rules have: it can be kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct More {
    lengths: (u32, u32),
    mark: u32,
    /// 0 for any mark.
    mark_mask: u32,
    hop_limits: (u8, u8),
    dscp: Option<u8>,
}

impl Condition {
    /// Of a rule that wants nothing.
    pub const NONE: Self = Self {
        brief: Brief {
            states: 0,
            flags_mask: 0,
            flags: 0,
        },
        more: More::ANY,
    };

    /// Of its parts.
    pub const fn of(brief: Brief, more: Option<More>) -> Self {
        let more = match more {
            Some(more) => more,
            None => More::ANY,
        };
        Self { brief, more }
    }

    /// What many rules have.
    pub const fn brief(&self) -> Brief {
        self.brief
    }

    /// What few rules have, where this one has any of it.
    pub fn more(&self) -> Option<More> {
        (self.more != More::ANY).then_some(self.more)
    }

    /// With one of these states.
    pub const fn states(mut self, states: States) -> Self {
        self.brief.states = states.0;
        self
    }

    /// With these control bits among those of `mask`, which is not 0; a packet without any does not match.
    pub const fn flags(mut self, flags: u8, mask: u8) -> Self {
        (self.brief.flags, self.brief.flags_mask) = (flags & mask, mask);
        self
    }

    /// From `min` to `max` bytes long.
    pub const fn lengths(mut self, min: u32, max: u32) -> Self {
        self.more.lengths = (min, max);
        self
    }

    /// With a time to live, or hop limit, from `min` to `max`.
    pub const fn hop_limits(mut self, min: u8, max: u8) -> Self {
        self.more.hop_limits = (min, max);
        self
    }

    /// With this code point.
    pub const fn dscp(mut self, dscp: u8) -> Self {
        self.more.dscp = Some(dscp);
        self
    }

    /// With these bits of the mark among those of `mask`, which is not 0.
    pub const fn mark(mut self, mark: u32, mask: u32) -> Self {
        (self.more.mark, self.more.mark_mask) = (mark & mask, mask);
        self
    }

    /// The states, where it wants any.
    pub const fn wanted_states(&self) -> Option<States> {
        States::from_bits(self.brief.states)
    }

    /// The control bits and those among which they are, where it wants any.
    pub const fn wanted_flags(&self) -> Option<(u8, u8)> {
        match self.brief.flags_mask {
            0 => None,
            mask => Some((self.brief.flags, mask)),
        }
    }

    /// The least and the greatest length, where it does not take any.
    pub const fn wanted_lengths(&self) -> Option<(u32, u32)> {
        match self.more.lengths {
            (0, u32::MAX) => None,
            lengths => Some(lengths),
        }
    }

    /// The least and the greatest time to live, or hop limit, where it does not take any.
    pub const fn wanted_hop_limits(&self) -> Option<(u8, u8)> {
        match self.more.hop_limits {
            (0, u8::MAX) => None,
            limits => Some(limits),
        }
    }

    /// The code point, where it wants one.
    pub const fn wanted_dscp(&self) -> Option<u8> {
        self.more.dscp
    }

    /// The bits of the mark and those among which they are, where it wants any.
    pub const fn wanted_mark(&self) -> Option<(u32, u32)> {
        match self.more.mark_mask {
            0 => None,
            mask => Some((self.more.mark, mask)),
        }
    }

    /// Whether it wants nothing.
    #[inline]
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// Whether a packet has all of it.
    #[inline]
    pub fn holds(&self, facts: &Facts) -> bool {
        self.brief.holds(facts) && self.more.holds(&facts.meta)
    }
}

impl Brief {
    /// Whether a packet has all of it.
    #[inline]
    pub fn holds(&self, facts: &Facts) -> bool {
        (self.states == 0 || self.states & States::of(facts.state).0 != 0)
            && (self.flags_mask == 0 || self.has_flags(facts))
    }

    #[inline]
    fn has_flags(&self, facts: &Facts) -> bool {
        facts
            .flags
            .is_some_and(|flags| flags & self.flags_mask == self.flags)
    }
}

impl More {
    const ANY: Self = Self {
        lengths: (0, u32::MAX),
        mark: 0,
        mark_mask: 0,
        hop_limits: (0, u8::MAX),
        dscp: None,
    };

    /// Whether a packet has all of it.
    #[inline]
    pub fn holds(&self, meta: &Meta) -> bool {
        let (shortest, longest) = self.lengths;
        let (least, most) = self.hop_limits;
        (shortest <= meta.length && meta.length <= longest)
            && (least <= meta.hop_limit && meta.hop_limit <= most)
            && self.dscp.is_none_or(|dscp| dscp == meta.dscp)
            && meta.mark & self.mark_mask == self.mark
    }
}
