// SPDX-License-Identifier: GPL-2.0

//! Operations that answer with any number of messages.

use core::{
    marker::PhantomData,
    num::NonZero,
    ptr, //
};
use kernel::{
    error::from_result,
    prelude::*, //
};

use super::{
    message::{
        begin,
        Header, //
    },
    op::Validation,
    FamilyServer,
    Registration,
    Request, //
};
use crate::{
    bindings,
    context::Process,
    module::is_live,
    netlink::{
        state,
        Access,
        Batch,
        Full, //
    },
    nlattr::{
        Builder,
        Policies,
        View, //
    }, //
};

/// An operation that answers with any number of messages, a `dump`. The messages are built as
/// userspace reads them.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Process,
///     genl::{Dump, Entries, FamilyServer, FamilySpec, Full, Op, Request},
///     nlattr::{Attrs, Policies, Writer},
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
/// #
/// # struct Control;
/// #
/// # impl FamilyServer for Control {
/// #     type Spec = Spec;
/// #     type Socket = ();
/// #     const OPS: &'static [Op<Self>] = &[Op::new_dump::<Numbers>()];
/// # }
///
/// /// The numbers from 0 to 999, an entry each.
/// struct Numbers;
///
/// impl Dump<Control> for Numbers {
///     const COMMAND: u8 = 1;
///     const POLICIES: Option<Policies> = None;
///
///     type Request = Attrs<'static>;
///     type Reply = Writer<'static>;
///     type State = u32;
///
///     fn start(
///         _request: &Request<'_, Control, Attrs<'static>>,
///         _process: Process<'_>,
///     ) -> Result<u32> {
///         Ok(0)
///     }
///
///     fn run(
///         _request: &Request<'_, Control, Attrs<'static>>,
///         next: &mut u32,
///         entries: &mut Entries<'_, Writer<'static>>,
///         _process: Process<'_>,
///     ) -> Result<(), Full> {
///         // A message that is full ends the call; the next one goes on here.
///         while *next < 1000 {
///             entries.put(|entry| entry.put_u32(1, *next))?;
///             *next += 1;
///         }
///         Ok(())
///     }
/// }
/// ```
#[doc(alias = "GENL_CMD_CAP_DUMP")]
pub trait Dump<F: FamilyServer> {
    /// The command of requests (`genl_split_ops::cmd`).
    #[doc(alias = "genl_split_ops::cmd")]
    const COMMAND: u8;
    /// The command of answers (`genlmsghdr::cmd`).
    #[doc(alias = "genlmsghdr::cmd")]
    const REPLY: u8 = Self::COMMAND;
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

    /// The builder of an entry.
    type Reply: Builder;

    /// The position of the dump, kept from one message to the next: at most 48 bytes, aligned to 8
    /// (`netlink_callback::ctx`). Put larger values in a box.
    ///
    /// Dropped in process context when the dump has ended or its socket is closed.
    #[doc(alias = "netlink_callback::ctx")]
    type State: Send + 'static;

    /// Starts a dump.
    ///
    /// # Errors
    ///
    /// The request fails with the error. Put the reason into [`Request::extack`].
    #[doc(alias = "genl_split_ops::start")]
    fn start(request: &Request<'_, F, Self::Request>, process: Process<'_>) -> Result<Self::State>;

    /// Puts the next entries, and moves the state past each entry that was put
    /// (`genl_split_ops::dumpit`).
    ///
    /// # Errors
    ///
    /// [`Full`] (by `?`) when the message has no more room: the function is called again with a new
    /// message. Any other error ends the dump.
    #[doc(alias = "genl_split_ops::dumpit")]
    #[doc(alias = "dumpit")]
    fn run(
        request: &Request<'_, F, Self::Request>,
        state: &mut Self::State,
        entries: &mut Entries<'_, Self::Reply>,
        process: Process<'_>,
    ) -> Result<(), Full>;
}

/// The entries of a dump, as messages to userspace (`netlink_callback`).
#[doc(alias = "netlink_callback")]
pub struct Entries<'a, B> {
    batch: Batch<'a>,
    family: *const bindings::genl_family,
    header: Header,
    _builder: PhantomData<fn() -> B>,
}

impl<B: Builder> Entries<'_, B> {
    /// Puts an entry. If that fails, the message is as before.
    ///
    /// # Errors
    ///
    /// [`Full::Message`] when there is no room for the entry; otherwise the error of `fill`.
    #[doc(alias = "genlmsg_put")]
    #[inline]
    pub fn put(&mut self, fill: impl FnOnce(&mut B::On<'_>) -> Result) -> Result<(), Full> {
        let flags = bindings::NLM_F_MULTI;
        // SAFETY: The message is the dump's own; the family is registered while it goes on.
        let (writer, open) = unsafe { begin(self.batch.skb, self.family, flags, self.header) }
            .ok_or(Full::Message)?;
        let filled = fill(&mut B::on(writer));
        self.batch.close(open, filled)
    }

    /// Sets the generation of the set that is being dumped (`nl_dump_check_consistent()`).
    ///
    /// If it changes during the dump, userspace gets the flag `NLM_F_DUMP_INTR`: the entries may be
    /// inconsistent.
    #[doc(alias = "nl_dump_check_consistent")]
    pub fn generation(&mut self, generation: NonZero<u32>) {
        self.batch.set_generation(generation);
    }
}

/// # Safety
///
/// Called by the core with the state of a dump by `O`, which is valid, as is the message of the
/// request, for the lifetime.
unsafe fn request<'a, F: FamilyServer, O: Dump<F>>(
    callback: *mut bindings::netlink_callback,
) -> Request<'a, F, O::Request> {
    // SAFETY: By the caller's promise.
    unsafe {
        let info = &(*bindings::genl_dumpit_info(callback)).info;
        Request::new(info, (*callback).skb, O::POLICIES.map_or(0, Policies::max))
    }
}

/// # Safety
///
/// Called by the core with the state of a dump by `O` that begins.
pub(super) unsafe extern "C" fn start<F: FamilyServer, O: Dump<F>>(
    callback: *mut bindings::netlink_callback,
) -> c_int {
    from_result(|| {
        // SAFETY: By the caller's promise. The task may sleep.
        let (request, process) = unsafe { (request::<F, O>(callback), Process::assume()) };
        // What is kept for sockets goes if the module fails to load, and a dump would go on.
        // SAFETY: The family is registered, by its module, whose code is what runs.
        if Registration::<F>::KEEPS && !unsafe { is_live((*request.info().family).module) } {
            return Err(EAGAIN);
        }
        let new = O::start(&request, process)?;
        // SAFETY: The memory is the dump's own. `done` drops what is there, and is called if and
        // only if this succeeds.
        unsafe { ptr::write(state::<O::State>(callback), new) };
        Ok(0)
    })
}

/// # Safety
///
/// Called by the core with the state of a dump by `O` that `start` has begun, and a message for it.
pub(super) unsafe extern "C" fn dumpit<F: FamilyServer, O: Dump<F>>(
    skb: *mut bindings::sk_buff,
    callback: *mut bindings::netlink_callback,
) -> c_int {
    // SAFETY: By the caller's promise; all of it is valid during the call, which may sleep. The
    // state was made by `start`, and one call is made at a time.
    let (request, state, mut entries, process) = unsafe {
        let request = request::<F, O>(callback);
        let state = &mut *state::<O::State>(callback);
        let entries = Entries {
            header: Header::of(request.info(), O::REPLY),
            family: request.info().family,
            batch: Batch::new(callback, skb),
            _builder: PhantomData,
        };
        (request, state, entries, Process::assume())
    };
    let result = O::run(&request, state, &mut entries, process);
    // SAFETY: The message is the dump's own.
    let len = unsafe { (*skb).len as c_int };
    match result {
        // An empty message ends the dump.
        Ok(()) => len,
        Err(Full::Message) if len > 0 => len,
        Err(Full::Message) => EMSGSIZE.to_errno(),
        Err(Full::Error(e)) => e.to_errno(),
    }
}

/// # Safety
///
/// Called by the core, once, with the state of a dump by `O` that `start` has begun.
pub(super) unsafe extern "C" fn done<F: FamilyServer, O: Dump<F>>(
    callback: *mut bindings::netlink_callback,
) -> c_int {
    // SAFETY: By the caller's promise; `start` has made it.
    unsafe { ptr::drop_in_place(state::<O::State>(callback)) };
    0
}
