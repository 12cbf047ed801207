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
}

/// What a rule wants beside its fields: all of it. A rule that wants any is
/// [conditional](super::Rule::conditional).
///
/// # Examples
///
/// ```
/// # use kernet_classify as classify;
/// use classify::{Condition, Facts, State, States};
///
/// let condition = Condition::NONE.states(States::of(State::New));
/// assert!(condition.holds(&Facts { state: State::New, flags: None }));
/// assert!(!condition.holds(&Facts { state: State::Established, flags: None }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// 0 for any.
    states: u8,
    /// 0 for any flags.
    flags_mask: u8,
    flags: u8,
}

impl Condition {
    /// Of a rule that wants nothing.
    pub const NONE: Self = Self {
        states: 0,
        flags_mask: 0,
        flags: 0,
    };

    /// With one of these states.
    pub const fn states(mut self, states: States) -> Self {
        self.states = states.0;
        self
    }

    /// With these control bits among those of `mask`, which is not 0; a packet without any does not match.
    pub const fn flags(mut self, flags: u8, mask: u8) -> Self {
        (self.flags, self.flags_mask) = (flags & mask, mask);
        self
    }

    /// The states, where it wants any.
    pub const fn wanted_states(&self) -> Option<States> {
        States::from_bits(self.states)
    }

    /// The control bits and those among which they are, where it wants any.
    pub const fn wanted_flags(&self) -> Option<(u8, u8)> {
        match self.flags_mask {
            0 => None,
            mask => Some((self.flags, mask)),
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
