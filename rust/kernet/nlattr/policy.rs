// SPDX-License-Identifier: GPL-2.0

//! What a request may contain.

use crate::bindings;

type Value = bindings::nla_policy__bindgen_ty_1;

/// What an attribute may be.
#[doc(alias = "nla_policy")]
#[derive(Clone, Copy)]
pub struct Policy(bindings::nla_policy);

const fn policy(r#type: u32, validation: u32, len: u16) -> Policy {
    Policy(bindings::nla_policy {
        type_: r#type as u8,
        validation_type: validation as u8,
        len,
        __bindgen_anon_1: pin_init::zeroed(),
    })
}

impl Policy {
    /// An unsigned byte.
    pub const U8: Self = policy(
        bindings::NLA_U8,
        bindings::nla_policy_validation_NLA_VALIDATE_NONE,
        0,
    );
    /// An unsigned 16-bit integer, in host byte order.
    pub const U16: Self = policy(
        bindings::NLA_U16,
        bindings::nla_policy_validation_NLA_VALIDATE_NONE,
        0,
    );
    /// An unsigned 32-bit integer, in host byte order.
    pub const U32: Self = policy(
        bindings::NLA_U32,
        bindings::nla_policy_validation_NLA_VALIDATE_NONE,
        0,
    );
    /// An unsigned integer of 32 or 64 bits, in host byte order.
    pub const UINT: Self = policy(
        bindings::NLA_UINT,
        bindings::nla_policy_validation_NLA_VALIDATE_NONE,
        0,
    );
    /// Present or not, without payload.
    pub const FLAG: Self = policy(
        bindings::NLA_FLAG,
        bindings::nla_policy_validation_NLA_VALIDATE_NONE,
        0,
    );
    /// Never accepted.
    pub const REJECT: Self = policy(
        bindings::NLA_REJECT,
        bindings::nla_policy_validation_NLA_VALIDATE_NONE,
        0,
    );

    /// A string that ends with a NUL, of at most `max` bytes before it.
    #[doc(alias = "NLA_NUL_STRING")]
    pub const fn string(max: u16) -> Self {
        policy(
            bindings::NLA_NUL_STRING,
            bindings::nla_policy_validation_NLA_VALIDATE_NONE,
            max,
        )
    }

    /// At most `max` bytes.
    #[doc(alias = "NLA_BINARY")]
    pub const fn binary(max: u16) -> Self {
        policy(
            bindings::NLA_BINARY,
            bindings::nla_policy_validation_NLA_VALIDATE_NONE,
            max,
        )
    }

    /// Exactly `len` bytes.
    #[doc(alias = "NLA_POLICY_EXACT_LEN")]
    pub const fn exact(len: u16) -> Self {
        policy(
            bindings::NLA_BINARY,
            bindings::nla_policy_validation_NLA_VALIDATE_RANGE_WARN_TOO_LONG,
            0,
        )
        .bounds(len as i16, len as i16)
    }

    /// At least `min` bytes, whatever they are.
    #[doc(alias = "NLA_POLICY_MIN_LEN")]
    pub const fn min_len(min: u16) -> Self {
        policy(
            bindings::NLA_BINARY,
            bindings::nla_policy_validation_NLA_VALIDATE_MIN,
            0,
        )
        .bounds(min as i16, 0)
    }

    /// Nested attributes.
    #[doc(alias = "NLA_POLICY_NESTED")]
    pub const fn nested<const N: usize>(table: &'static Table<N>) -> Self {
        // The length is the highest type.
        let Policy(mut raw) = policy(
            bindings::NLA_NESTED,
            bindings::nla_policy_validation_NLA_VALIDATE_NONE,
            (N - 1) as u16,
        );
        raw.__bindgen_anon_1 = Value {
            nested_policy: table.0.as_ptr(),
        };
        Self(raw)
    }

    /// Of an integer: from `min` to `max`, both included.
    #[doc(alias = "NLA_POLICY_RANGE")]
    pub const fn range(self, min: i16, max: i16) -> Self {
        assert!(min >= 0 && min <= max, "an empty or a negative range");
        let Policy(mut raw) = self;
        raw.validation_type = bindings::nla_policy_validation_NLA_VALIDATE_RANGE as u8;
        Policy(raw).bounds(min, max)
    }

    /// Of an integer: at least `min`.
    #[doc(alias = "NLA_POLICY_MIN")]
    pub const fn min(self, min: i16) -> Self {
        let Policy(mut raw) = self;
        raw.validation_type = bindings::nla_policy_validation_NLA_VALIDATE_MIN as u8;
        Policy(raw).bounds(min, 0)
    }

    const fn bounds(self, min: i16, max: i16) -> Self {
        let Policy(mut raw) = self;
        raw.__bindgen_anon_1 = Value {
            __bindgen_anon_1: bindings::nla_policy__bindgen_ty_1__bindgen_ty_1 { min, max },
        };
        Self(raw)
    }
}

/// The policies of the attributes of a request, by type from 1 to `N - 1`.
///
/// An attribute without a policy is refused.
pub struct Table<const N: usize>([bindings::nla_policy; N]);

// SAFETY: Never changed; the pointers in it are to tables that are statics themselves.
unsafe impl<const N: usize> Sync for Table<N> {}

impl<const N: usize> Table<N> {
    /// A table. Does not compile if a type is 0, not below `N`, or there twice.
    // Evaluated by the compiler alone: tables are statics.
    #[expect(clippy::indexing_slicing)]
    pub const fn new(policies: &[(u16, Policy)]) -> Self {
        let mut table = [Policy::REJECT.0; N];
        // Strict from the first type on.
        table[0] = policy(
            bindings::NLA_UNSPEC,
            bindings::nla_policy_validation_NLA_VALIDATE_NONE,
            0,
        )
        .0;
        table[0].__bindgen_anon_1 = Value {
            strict_start_type: 1,
        };
        let mut seen = [false; N];
        let mut i = 0;
        while i < policies.len() {
            let (r#type, policy) = policies[i];
            let index = r#type as usize;
            assert!(
                index > 0 && index < N,
                "an attribute type outside of the table"
            );
            assert!(!seen[index], "an attribute type with two policies");
            seen[index] = true;
            table[index] = policy.0;
            i += 1;
        }
        Self(table)
    }

    /// The highest type.
    pub(crate) const MAX: u32 = (N - 1) as u32;

    pub(crate) const fn as_raw(&self) -> *const bindings::nla_policy {
        self.0.as_ptr()
    }
}
