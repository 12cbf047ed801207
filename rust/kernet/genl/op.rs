// SPDX-License-Identifier: GPL-2.0

//! Operations of a family.

use core::marker::PhantomData;
use kernel::{
    error::from_result,
    prelude::*, //
};

use super::{
    dump,
    Dump,
    FamilyServer,
    Reply,
    Request, //
};
use crate::{
    bindings,
    context::Process,
    netlink::{
        Access,
        Replied, //
    },
    nlattr::{
        Builder,
        ExtAck,
        Policies,
        View, //
    }, //
};

const fn flags(access: Access) -> u32 {
    match access {
        Access::Any => 0,
        Access::NamespaceAdmin => bindings::GENL_UNS_ADMIN_PERM,
        Access::Admin => bindings::GENL_ADMIN_PERM,
    }
}

/// How strictly a request is validated (`enum genl_validate_flags`).
#[doc(alias = "enum genl_validate_flags")]
#[derive(Clone, Copy)]
pub struct Validation(u8);

impl Validation {
    /// Unknown attributes, wrong lengths and trailing bytes are refused.
    #[doc(alias = "NL_VALIDATE_STRICT")]
    pub const STRICT: Self = Self(0);

    /// As old families do: unknown attributes are ignored, and attributes that are too long are cut
    /// off (`GENL_DONT_VALIDATE_STRICT`).
    #[doc(alias = "GENL_DONT_VALIDATE_STRICT")]
    #[doc(alias = "GENL_DONT_VALIDATE_DUMP_STRICT")]
    pub const LIBERAL: Self = Self(
        (bindings::genl_validate_flags_GENL_DONT_VALIDATE_STRICT
            | bindings::genl_validate_flags_GENL_DONT_VALIDATE_DUMP_STRICT) as u8,
    );

    const fn flags(self) -> u8 {
        self.0
    }
}

/// An operation that answers with at most one message, a `do`.
///
/// # Examples
///
/// ```
/// # use kernet::genl::{FamilyServer, FamilySpec, Op};
/// use kernet::{
///     context::Process,
///     genl::{Do, Replied, Reply, Request},
///     netlink::Access,
///     nlattr::{Attrs, Policies, Policy, Table, Writer},
/// };
/// #
/// # struct Spec;
/// #
/// # kernet::slot!(Spec: kernet::genl::Slot);
/// #
/// # impl FamilySpec for Spec {
/// #     const NAME: &'static CStr = c"example";
/// # }
/// #
/// # struct Control;
/// #
/// # impl FamilyServer for Control {
/// #     type Spec = Spec;
/// #     type Socket = ();
/// #     const OPS: &'static [Op<Self>] = &[Op::new_do::<SetLimit>()];
/// # }
///
/// const LIMIT: u16 = 1;
///
/// static POLICY: Table<2> = Table::for_family(&[(LIMIT, Policy::U32.min(1))]);
///
/// struct SetLimit;
///
/// impl Do<Control> for SetLimit {
///     const COMMAND: u8 = 1;
///     const ACCESS: Access = Access::NamespaceAdmin;
///     const POLICIES: Option<Policies> = Some(POLICY.policies());
///
///     type Request = Attrs<'static>;
///     type Reply = Writer<'static>;
///
///     fn run(
///         request: &Request<'_, Control, Attrs<'static>>,
///         reply: Reply<'_, Writer<'static>>,
///         _process: Process<'_>,
///     ) -> Result<Replied> {
///         let limit = request.required(LIMIT, request.u32(LIMIT))?;
///         pr_info!("the limit is {limit}\n");
///         Ok(reply.ack_only())
///     }
/// }
/// ```
#[doc(alias = "GENL_CMD_CAP_DO")]
pub trait Do<F: FamilyServer> {
    /// The command of requests (`genl_split_ops::cmd`).
    #[doc(alias = "genl_split_ops::cmd")]
    const COMMAND: u8;
    /// Who may send the request (`genl_split_ops::flags`).
    #[doc(alias = "genl_split_ops::flags")]
    const ACCESS: Access = Access::Any;
    /// The policies of the request's attributes; `None` if it has no attribute
    /// (`genl_split_ops::policy`).
    #[doc(alias = "genl_split_ops::policy")]
    const POLICIES: Option<Policies>;
    /// How strictly the request is validated (`genl_split_ops::validate`).
    #[doc(alias = "genl_split_ops::validate")]
    const VALIDATION: Validation = Validation::STRICT;

    /// The typed view of the request.
    type Request: View;

    /// The builder of the reply.
    type Reply: Builder;

    /// Runs the operation (`genl_split_ops::doit`). Userspace gets the reply, an acknowledgement or
    /// the error.
    ///
    /// # Errors
    ///
    /// The request fails with the error. Put the reason into [`Request::extack`]. kernet refuses the requests that
    /// begin 2 seconds after the first one of their datagram ([`EBUSY`]).
    #[doc(alias = "genl_split_ops::doit")]
    #[doc(alias = "doit")]
    fn run(
        request: &Request<'_, F, Self::Request>,
        reply: Reply<'_, Self::Reply>,
        process: Process<'_>,
    ) -> Result<Replied>;
}

/// An operation, as [`FamilyServer::OPS`] lists it (`genl_split_ops`).
///
/// # Examples
///
/// ```
/// use kernet::genl::{Do, Dump, FamilyServer, Op};
///
/// /// A command by which userspace gets one object, or all of them: in this order.
/// const fn get<F: FamilyServer, One: Do<F>, All: Dump<F>>() -> [Op<F>; 2] {
///     [Op::new_do::<One>(), Op::new_dump::<All>()]
/// }
/// ```
#[doc(alias = "genl_split_ops")]
#[repr(transparent)]
pub struct Op<F: FamilyServer>(bindings::genl_split_ops, PhantomData<fn() -> F>);

// SAFETY: Never changed; the pointers in it are to statics.
unsafe impl<F: FamilyServer> Sync for Op<F> {}

impl<F: FamilyServer> Op<F> {
    /// The operation of a [`Do`] (`GENL_CMD_CAP_DO`).
    #[doc(alias = "GENL_CMD_CAP_DO")]
    pub const fn new_do<O: Do<F>>() -> Self {
        let mut raw = common(O::COMMAND, O::POLICIES, O::VALIDATION);
        raw.__bindgen_anon_1.__bindgen_anon_1.doit = Some(doit::<F, O>);
        raw.flags = (bindings::GENL_CMD_CAP_DO | flags(O::ACCESS)) as u8;
        Self(raw, PhantomData)
    }

    /// The operation of a [`Dump`] (`GENL_CMD_CAP_DUMP`).
    #[doc(alias = "GENL_CMD_CAP_DUMP")]
    pub const fn new_dump<O: Dump<F>>() -> Self {
        let mut raw = common(O::COMMAND, O::POLICIES, O::VALIDATION);
        raw.__bindgen_anon_1.__bindgen_anon_2 =
            bindings::genl_split_ops__bindgen_ty_1__bindgen_ty_2 {
                start: Some(dump::start::<F, O>),
                dumpit: Some(dump::dumpit::<F, O>),
                done: Some(dump::done::<F, O>),
            };
        raw.flags = (bindings::GENL_CMD_CAP_DUMP | flags(O::ACCESS)) as u8;
        Self(raw, PhantomData)
    }
}

const fn common(
    command: u8,
    policies: Option<Policies>,
    validation: Validation,
) -> bindings::genl_split_ops {
    let mut raw: bindings::genl_split_ops = pin_init::zeroed();
    // Without policies the core admits no attribute.
    if let Some(policies) = policies {
        raw.policy = policies.as_raw();
        raw.maxattr = policies.max();
    }
    raw.cmd = command;
    raw.validate = validation.flags();
    raw
}

/// Fails to compile where the core would refuse the operations when the module is loaded.
pub(super) const fn check_order<F: FamilyServer>(mut ops: &[Op<F>]) {
    assert!(ops.len() < 256, "a family has at most 255 operations");
    while let [Op(a, _), rest @ ..] = ops {
        ops = rest;
        let [Op(b, _), ..] = rest else {
            break;
        };
        let kinds = (bindings::GENL_CMD_CAP_DO | bindings::GENL_CMD_CAP_DUMP) as u8;
        let pair = a.cmd == b.cmd
            && a.flags & kinds == bindings::GENL_CMD_CAP_DO as u8
            && b.flags & kinds == bindings::GENL_CMD_CAP_DUMP as u8
            && (a.flags ^ b.flags) & !kinds == 0;
        assert!(
            a.cmd < b.cmd || pair,
            "operations are in the order of their commands, a do before its dump"
        );
    }
}

/// The first command after those that are validated liberally, where the core allows that alone; 0
/// if none is.
pub(super) const fn first_strict<F: FamilyServer>(mut ops: &[Op<F>]) -> u8 {
    let mut first = 0;
    while let [Op(op, _), rest @ ..] = ops {
        if op.validate != 0 {
            assert!(
                op.cmd < u8::MAX,
                "the last command cannot be validated liberally"
            );
            first = op.cmd + 1;
        }
        ops = rest;
    }
    first
}

/// # Safety
///
/// Called by the core with a request for `O`.
unsafe extern "C" fn doit<F: FamilyServer, O: Do<F>>(
    skb: *mut bindings::sk_buff,
    info: *mut bindings::genl_info,
) -> c_int {
    from_result(|| {
        // SAFETY: By the caller's promise; all of it is valid during the call, which may sleep.
        let (request, process) = unsafe {
            (
                Request::<F, O::Request>::new(&*info, skb, O::POLICIES.map_or(0, Policies::max)),
                Process::assume(),
            )
        };
        // SAFETY: By the caller's promise; the datagram is a task's that sends it.
        unsafe { admit(skb, request.extack())? };
        O::run(&request, Reply::new(&request), process).map(|Replied(())| 0)
    })
}

/// So long requests of a datagram begin after its first, in nanoseconds.
const LONGEST_DATAGRAM: i64 = 2_000_000_000;

/// Refuses the further requests of a datagram that takes long, and of a task that is to end: thousands fit
/// into one, and until the last is answered no family can be registered, for which then everybody waits.
///
/// # Safety
///
/// `skb` is a datagram of a task that waits until the requests in it are answered, with the `extack` of one.
unsafe fn admit(skb: *mut bindings::sk_buff, extack: ExtAck<'_>) -> Result {
    // SAFETY: By the caller's promise: the requests in the datagram run one after the other, and this may sleep. A dump that
    // an earlier one has begun keeps the datagram, too, and may run meanwhile. It does not look at the time stamp, and
    // nor does the core.
    let took = unsafe {
        bindings::cond_resched();
        if bindings::current_has_fatal_signal() {
            // The core acknowledges nothing then.
            return Err(EINTR);
        }
        let now = bindings::ktime_get();
        match bindings::skb_tstamp(skb) {
            0 => {
                bindings::skb_set_tstamp(skb, now);
                return Ok(());
            }
            first => now.saturating_sub(first),
        }
    };
    if took < LONGEST_DATAGRAM {
        return Ok(());
    }
    Err(extack.error(
        EBUSY,
        fmt!("the requests of this datagram take too long: send this one in another"),
    ))
}
