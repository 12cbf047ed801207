// SPDX-License-Identifier: GPL-2.0

//! Policies of attributes.

use core::{
    ffi::c_int,
    ptr::NonNull, //
};
use kernel::prelude::*;

use super::{
    Attr,
    Enum,
    ExtAck, //
};
use crate::bindings;

type Value = bindings::nla_policy__bindgen_ty_1;

/// The policy of an attribute: its type and range.
///
/// # Examples
///
/// ```
/// use kernet::nlattr::{Policy, Range, Table};
///
/// static RATES: Range = Range::new(1, 1 << 40);
///
/// static LIMIT: Table<2> = Table::new(&[(1, Policy::U64.within(&RATES))]);
///
/// static POLICY: Table<5> = Table::new(&[
///     (1, Policy::string(15)),
///     (2, Policy::U8.range(0, 63)),
///     (3, Policy::reject(c"the state is shown, and cannot be set")),
///     (4, Policy::nested(LIMIT.policies())),
/// ]);
/// ```
#[doc(alias = "nla_policy")]
#[derive(Clone, Copy)]
pub struct Policy(bindings::nla_policy);

/// The bounds of an unsigned integer, both inclusive (`netlink_range_validation`). Needed if 15
/// bits do not hold them.
///
/// # Examples
///
/// That of [`Policy`].
#[doc(alias = "netlink_range_validation")]
#[repr(transparent)]
pub struct Range(bindings::netlink_range_validation);

impl Range {
    /// From `min` to `max`. An empty range does not compile in a static.
    pub const fn new(min: u64, max: u64) -> Self {
        assert!(min <= max, "an empty range");
        Self(bindings::netlink_range_validation { min, max })
    }
}

/// The bounds of a signed integer, both inclusive (`netlink_range_validation_signed`). Needed if 16
/// bits do not hold them.
///
/// # Examples
///
/// ```
/// use kernet::nlattr::{Policy, SignedRange};
///
/// static PPB: SignedRange = SignedRange::new(-100_000, 100_000);
///
/// const FREQUENCY: Policy = Policy::SINT.within_signed(&PPB);
/// ```
#[doc(alias = "netlink_range_validation_signed")]
#[repr(transparent)]
pub struct SignedRange(bindings::netlink_range_validation_signed);

impl SignedRange {
    /// From `min` to `max`. An empty range does not compile in a static.
    pub const fn new(min: i64, max: i64) -> Self {
        assert!(min <= max, "an empty range");
        Self(bindings::netlink_range_validation_signed { min, max })
    }
}

const fn policy(r#type: u32, validation: u32, len: u16) -> Policy {
    Policy(bindings::nla_policy {
        type_: r#type as u8,
        validation_type: validation as u8,
        len,
        __bindgen_anon_1: pin_init::zeroed(),
    })
}

const fn plain(r#type: u32) -> Policy {
    policy(r#type, bindings::nla_policy_validation_NLA_VALIDATE_NONE, 0)
}

impl Policy {
    /// An unsigned byte.
    #[doc(alias = "NLA_U8")]
    pub const U8: Self = plain(bindings::NLA_U8);
    /// An unsigned 16-bit integer, in host byte order.
    #[doc(alias = "NLA_U16")]
    pub const U16: Self = plain(bindings::NLA_U16);
    /// An unsigned 32-bit integer, in host byte order.
    #[doc(alias = "NLA_U32")]
    pub const U32: Self = plain(bindings::NLA_U32);
    /// An unsigned 64-bit integer, in host byte order.
    #[doc(alias = "NLA_U64")]
    pub const U64: Self = plain(bindings::NLA_U64);
    /// An unsigned integer of 32 or 64 bits, in host byte order.
    #[doc(alias = "NLA_UINT")]
    pub const UINT: Self = plain(bindings::NLA_UINT);
    /// A signed byte.
    #[doc(alias = "NLA_S8")]
    pub const S8: Self = plain(bindings::NLA_S8);
    /// A signed 16-bit integer, in host byte order.
    #[doc(alias = "NLA_S16")]
    pub const S16: Self = plain(bindings::NLA_S16);
    /// A signed 32-bit integer, in host byte order.
    #[doc(alias = "NLA_S32")]
    pub const S32: Self = plain(bindings::NLA_S32);
    /// A signed 64-bit integer, in host byte order.
    #[doc(alias = "NLA_S64")]
    pub const S64: Self = plain(bindings::NLA_S64);
    /// A signed integer of 32 or 64 bits, in host byte order.
    #[doc(alias = "NLA_SINT")]
    pub const SINT: Self = plain(bindings::NLA_SINT);
    /// An unsigned 16-bit integer, in network byte order.
    #[doc(alias = "NLA_BE16")]
    pub const BE16: Self = plain(bindings::NLA_BE16);
    /// An unsigned 32-bit integer, in network byte order.
    #[doc(alias = "NLA_BE32")]
    pub const BE32: Self = plain(bindings::NLA_BE32);
    /// Present or not, without payload.
    #[doc(alias = "NLA_FLAG")]
    pub const FLAG: Self = plain(bindings::NLA_FLAG);
    /// Any number of bytes.
    #[doc(alias = "NLA_BINARY")]
    pub const BINARY: Self = plain(bindings::NLA_BINARY);
    /// A string that ends with a NUL, of any length.
    #[doc(alias = "NLA_NUL_STRING")]
    pub const STRING: Self = plain(bindings::NLA_NUL_STRING);
    /// Nested attributes of any kind, not validated (`NLA_NESTED`).
    #[doc(alias = "NLA_NESTED")]
    pub const NEST: Self = plain(bindings::NLA_NESTED);
    /// Never accepted.
    #[doc(alias = "NLA_REJECT")]
    pub const REJECT: Self = plain(bindings::NLA_REJECT);

    /// Never accepted. Userspace gets `reason`.
    #[doc(alias = "NLA_REJECT")]
    pub const fn reject(reason: &'static CStr) -> Self {
        let Policy(mut raw) = Self::REJECT;
        raw.__bindgen_anon_1 = Value {
            reject_message: kernel::str::as_char_ptr_in_const_context(reason),
        };
        Self(raw)
    }

    /// A string that ends with a NUL, of at most `max` bytes before it.
    #[doc(alias = "NLA_NUL_STRING")]
    pub const fn string(max: u16) -> Self {
        policy(
            bindings::NLA_NUL_STRING,
            bindings::nla_policy_validation_NLA_VALIDATE_NONE,
            max,
        )
    }

    /// A string of at most `max` bytes, which need not end with a NUL (`NLA_STRING`).
    #[doc(alias = "NLA_STRING")]
    pub const fn unterminated(max: u16) -> Self {
        policy(
            bindings::NLA_STRING,
            bindings::nla_policy_validation_NLA_VALIDATE_NONE,
            max,
        )
    }

    /// At most `max` bytes. A longer attribute is invalid, as with `.len` in C.
    #[doc(alias = "NLA_BINARY")]
    pub const fn binary(max: u16) -> Self {
        policy(
            bindings::NLA_BINARY,
            bindings::nla_policy_validation_NLA_VALIDATE_NONE,
            max,
        )
    }

    /// At most `max` bytes. A longer attribute is out of range.
    #[doc(alias = "NLA_POLICY_MAX_LEN")]
    pub const fn max_len(max: u16) -> Self {
        Self::BINARY.limit(
            bindings::nla_policy_validation_NLA_VALIDATE_MAX,
            0,
            length(max),
        )
    }

    /// Exactly `len` bytes (`NLA_POLICY_EXACT_LEN`).
    #[doc(alias = "NLA_POLICY_EXACT_LEN")]
    pub const fn exact(len: u16) -> Self {
        let len = length(len);
        Self::BINARY.limit(bindings::nla_policy_validation_NLA_VALIDATE_RANGE, len, len)
    }

    /// At least `min` bytes.
    #[doc(alias = "NLA_POLICY_MIN_LEN")]
    pub const fn min_len(min: u16) -> Self {
        Self::BINARY.limit(
            bindings::nla_policy_validation_NLA_VALIDATE_MIN,
            length(min),
            0,
        )
    }

    /// From `min` to `max` bytes (`NLA_POLICY_RANGE`).
    #[doc(alias = "NLA_POLICY_RANGE")]
    pub const fn between(min: u16, max: u16) -> Self {
        assert!(min <= max, "an empty range");
        Self::BINARY.limit(
            bindings::nla_policy_validation_NLA_VALIDATE_RANGE,
            length(min),
            length(max),
        )
    }

    /// Nested attributes.
    #[doc(alias = "NLA_POLICY_NESTED")]
    pub const fn nested(policies: Policies) -> Self {
        Self::nest(bindings::NLA_NESTED, policies)
    }

    /// Nested attributes of any types, each of which is a nest.
    #[doc(alias = "NLA_POLICY_NESTED_ARRAY")]
    pub const fn nested_array(policies: Policies) -> Self {
        Self::nest(bindings::NLA_NESTED_ARRAY, policies)
    }

    const fn nest(r#type: u32, policies: Policies) -> Self {
        // The length is the highest type.
        let Policy(mut raw) = policy(
            r#type,
            bindings::nla_policy_validation_NLA_VALIDATE_NONE,
            policies.max() as u16,
        );
        raw.__bindgen_anon_1 = Value {
            nested_policy: policies.as_raw(),
        };
        Self(raw)
    }

    /// A bitfield with a selector. `valid` are the bits that may be selected.
    #[doc(alias = "NLA_POLICY_BITFIELD32")]
    pub const fn bitfield32(valid: u32) -> Self {
        let Policy(mut raw) = plain(bindings::NLA_BITFIELD32);
        raw.__bindgen_anon_1 = Value {
            bitfield32_valid: valid,
        };
        Self(raw)
    }

    /// For an integer: from `min` to `max`, both inclusive.
    #[doc(alias = "NLA_POLICY_RANGE")]
    pub const fn range(self, min: i16, max: i16) -> Self {
        assert!(min <= max, "an empty range");
        self.bound(min);
        self.limit(bindings::nla_policy_validation_NLA_VALIDATE_RANGE, min, max)
    }

    /// For an integer: at least `min`.
    #[doc(alias = "NLA_POLICY_MIN")]
    pub const fn min(self, min: i16) -> Self {
        self.bound(min);
        self.limit(bindings::nla_policy_validation_NLA_VALIDATE_MIN, min, 0)
    }

    /// For an integer: at most `max`.
    #[doc(alias = "NLA_POLICY_MAX")]
    pub const fn max(self, max: i16) -> Self {
        self.bound(max);
        self.limit(bindings::nla_policy_validation_NLA_VALIDATE_MAX, 0, max)
    }

    /// For an unsigned integer: within bounds of any size (`NLA_POLICY_FULL_RANGE`).
    #[doc(alias = "NLA_POLICY_FULL_RANGE")]
    pub const fn within(self, range: &'static Range) -> Self {
        assert!(self.is_unsigned(), "not an unsigned integer");
        let Policy(mut raw) = self;
        raw.validation_type = bindings::nla_policy_validation_NLA_VALIDATE_RANGE_PTR as u8;
        raw.__bindgen_anon_1 = Value { range: &range.0 };
        Self(raw)
    }

    /// For a signed integer: within bounds of any size (`NLA_POLICY_FULL_RANGE_SIGNED`).
    #[doc(alias = "NLA_POLICY_FULL_RANGE_SIGNED")]
    pub const fn within_signed(self, range: &'static SignedRange) -> Self {
        assert!(self.is_signed(), "not a signed integer");
        let Policy(mut raw) = self;
        raw.validation_type = bindings::nla_policy_validation_NLA_VALIDATE_RANGE_PTR as u8;
        raw.__bindgen_anon_1 = Value {
            range_signed: &range.0,
        };
        Self(raw)
    }

    /// For an unsigned integer: no bits other than those in `mask`.
    ///
    /// A mask with bits beyond 32, which the kernel cannot check, does not compile in a static.
    #[doc(alias = "NLA_POLICY_MASK")]
    pub const fn mask(self, mask: u64) -> Self {
        assert!(self.is_unsigned(), "not an unsigned integer");
        assert!(mask <= u32::MAX as u64, "a mask has at most 32 bits");
        let Policy(mut raw) = self;
        raw.validation_type = bindings::nla_policy_validation_NLA_VALIDATE_MASK as u8;
        raw.__bindgen_anon_1 = Value { mask: mask as u32 };
        Self(raw)
    }

    /// For an unsigned integer: a number of the enumeration `E` (`NLA_POLICY_VALIDATE_FN`).
    #[doc(alias = "NLA_POLICY_VALIDATE_FN")]
    pub const fn one_of<E: Enum>(self) -> Self {
        assert!(self.is_unsigned(), "not an unsigned integer");
        let Policy(mut raw) = self;
        raw.validation_type = bindings::nla_policy_validation_NLA_VALIDATE_FUNCTION as u8;
        raw.__bindgen_anon_1 = Value {
            validate: Some(validate_enum::<E>),
        };
        Self(raw)
    }

    const fn is_unsigned(&self) -> bool {
        matches!(
            self.0.type_ as u32,
            bindings::NLA_U8
                | bindings::NLA_U16
                | bindings::NLA_U32
                | bindings::NLA_U64
                | bindings::NLA_UINT
                | bindings::NLA_BE16
                | bindings::NLA_BE32
        )
    }

    const fn is_signed(&self) -> bool {
        matches!(
            self.0.type_ as u32,
            bindings::NLA_S8
                | bindings::NLA_S16
                | bindings::NLA_S32
                | bindings::NLA_S64
                | bindings::NLA_SINT
        )
    }

    /// Fails to compile for a bound that the kernel would warn of.
    const fn bound(&self, bound: i16) {
        assert!(
            self.is_signed() || self.is_unsigned() && bound >= 0,
            "a bound of an integer, not negative for an unsigned one"
        );
    }

    const fn limit(self, validation: u32, min: i16, max: i16) -> Self {
        let Policy(mut raw) = self;
        raw.validation_type = validation as u8;
        raw.__bindgen_anon_1 = Value {
            __bindgen_anon_1: bindings::nla_policy__bindgen_ty_1__bindgen_ty_1 { min, max },
        };
        Self(raw)
    }
}

const fn length(len: u16) -> i16 {
    assert!(len <= i16::MAX as u16, "a length has at most 15 bits");
    len as i16
}

/// # Safety
///
/// Called by the core with an attribute of a request whose length it has checked.
unsafe extern "C" fn validate_enum<E: Enum>(
    attr: *const bindings::nlattr,
    extack: *mut bindings::netlink_ext_ack,
) -> c_int {
    let Some(attr) = NonNull::new(attr.cast_mut()) else {
        return EINVAL.to_errno();
    };
    // SAFETY: By the caller's promise; both are valid during the call.
    let (attr, extack) = unsafe { (Attr::from_raw(attr), ExtAck::from_raw(extack)) };
    match attr.one_of::<E>() {
        Some(_) => 0,
        None => extack
            .bad_attr(Some(attr), EINVAL, format_args!("invalid enum value"))
            .to_errno(),
    }
}

/// The policies of a request or a nest: a [`Table`] of any size.
#[derive(Clone, Copy)]
pub struct Policies(&'static [bindings::nla_policy]);

// SAFETY: Never changed; the pointers in it are to statics.
unsafe impl Send for Policies {}
// SAFETY: As above.
unsafe impl Sync for Policies {}

impl Policies {
    /// No attribute is accepted.
    pub const NONE: Self = {
        static NONE: Table<1> = Table::for_family(&[]);
        NONE.policies()
    };

    /// The highest type.
    pub(crate) const fn max(self) -> u32 {
        self.0.len().saturating_sub(1) as u32
    }

    pub(crate) const fn as_raw(self) -> *const bindings::nla_policy {
        self.0.as_ptr()
    }
}

/// How many attribute types an attribute's header can hold (`NLA_TYPE_MASK`).
#[doc(alias = "NLA_TYPE_MASK")]
pub const TYPES: usize = bindings::NLA_TYPE_MASK as u16 as usize + 1;

/// The policies of the attributes of a request, by type from 1 to `N - 1` (`nla_policy`).
///
/// An attribute without a policy is refused.
///
/// # Examples
///
/// ```
/// use kernet::nlattr::{Attrs, Policy, Table};
///
/// const ADDRESS: u16 = 1;
/// const PORT: u16 = 2;
///
/// /// Types 0 to 2; what is not named is refused.
/// static POLICY: Table<3> = Table::new(&[
///     (ADDRESS, Policy::exact(4)),
///     (PORT, Policy::U16.range(1, 1023)),
/// ]);
///
/// fn port(attrs: Attrs<'_>) -> u16 {
///     attrs.u16(PORT).unwrap_or(9)
/// }
/// ```
#[doc(alias = "nla_policy")]
pub struct Table<const N: usize>([bindings::nla_policy; N]);

// SAFETY: Never changed; the pointers in it are to tables that are statics themselves.
unsafe impl<const N: usize> Sync for Table<N> {}

impl<const N: usize> Table<N> {
    /// A strict table, whatever parses by it. It does not compile if a type is 0, not below `N` or
    /// there twice, or if `N` is 0 or more than [`TYPES`].
    pub const fn new(policies: &[(u16, Policy)]) -> Self {
        let Self(mut table) = Self::for_family(policies);
        if let Some(first) = table.first_mut() {
            // Strict from the first type on.
            first.__bindgen_anon_1 = Value {
                strict_start_type: 1,
            };
        }
        Self(table)
    }

    /// A table for an operation of a generic netlink family, as strict as the operation's
    /// validation. It does not compile where [`Self::new`] does not.
    pub const fn for_family(mut policies: &[(u16, Policy)]) -> Self {
        assert!(N > 0, "a table has a place for type 0");
        assert!(N <= TYPES, "a table of more types than there are");
        let mut table = [plain(bindings::NLA_UNSPEC).0; N];
        while let [(r#type, policy), rest @ ..] = policies {
            let index = *r#type as usize;
            assert!(
                index > 0 && index < N,
                "an attribute type outside of the table: its length is the highest type and 1"
            );
            assert!(
                !is_among(*r#type, rest),
                "an attribute type with two policies"
            );
            if let Some((_, [place, ..])) = table.split_at_mut_checked(index) {
                *place = policy.0;
            }
            policies = rest;
        }
        Self(table)
    }

    /// The length that an attribute of a type has at least, as its policy says.
    pub(crate) const fn min_len(&self, r#type: u16) -> usize {
        let Some((
            _,
            [bindings::nla_policy {
                type_,
                validation_type,
                __bindgen_anon_1: bounds,
                ..
            }, ..],
        )) = self.0.split_at_checked(r#type as usize)
        else {
            return 0;
        };
        match (*type_ as u32, *validation_type as u32) {
            (
                bindings::NLA_BINARY,
                bindings::nla_policy_validation_NLA_VALIDATE_MIN
                | bindings::nla_policy_validation_NLA_VALIDATE_RANGE,
                // SAFETY: With these validations the union has bounds, which `limit` has written.
            ) => unsafe { bounds.__bindgen_anon_1.min as usize },
            _ => 0,
        }
    }

    /// The policies, without their number in the type.
    pub const fn policies(&'static self) -> Policies {
        Policies(&self.0)
    }

    /// The highest type.
    pub(crate) const MAX: u32 = (N - 1) as u32;

    pub(crate) const fn as_raw(&self) -> *const bindings::nla_policy {
        self.0.as_ptr()
    }
}

/// Whether a type has one of these policies.
const fn is_among(r#type: u16, mut policies: &[(u16, Policy)]) -> bool {
    while let [(other, _), rest @ ..] = policies {
        if *other == r#type {
            return true;
        }
        policies = rest;
    }
    false
}
