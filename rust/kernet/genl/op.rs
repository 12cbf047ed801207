// SPDX-License-Identifier: GPL-2.0

//! Operations of a family.

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    error::from_result,
    prelude::*, //
};

use super::{
    Family,
    Request, //
};
use crate::{
    bindings,
    context::Process,
    netns::Net,
    nlattr::{
        Attrs,
        ExtAck,
        Table,
        Writer, //
    }, //
};

/// Who may ask for an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Any,
    /// Who has `CAP_NET_ADMIN` in the namespace's user namespace.
    #[doc(alias = "GENL_UNS_ADMIN_PERM")]
    NamespaceAdmin,
    /// Who has `CAP_NET_ADMIN` in the initial user namespace.
    #[doc(alias = "GENL_ADMIN_PERM")]
    Admin,
}

impl Access {
    const fn flags(self) -> u32 {
        match self {
            Access::Any => 0,
            Access::NamespaceAdmin => bindings::GENL_UNS_ADMIN_PERM,
            Access::Admin => bindings::GENL_ADMIN_PERM,
        }
    }
}

/// An operation that is asked for once and answers at most once.
pub trait Do<F: Family, const N: usize> {
    /// The command.
    const COMMAND: u8;
    /// Who may ask.
    const ACCESS: Access = Access::Any;
    /// What the request may hold.
    const POLICY: &'static Table<N>;

    /// Does it. Userspace gets an acknowledgement, or the error.
    ///
    /// # Errors
    ///
    /// Whatever the request deserves; [`Request::extack`] says why.
    fn run(request: &Request<'_, F>, process: Process<'_>) -> Result;
}

/// An operation that answers with any number of messages, as userspace reads them.
pub trait Dump<F: Family, const N: usize> {
    /// The command.
    const COMMAND: u8;
    /// Who may ask.
    const ACCESS: Access = Access::Any;
    /// What the request may hold.
    const POLICY: &'static Table<N>;

    /// Where the dump goes on, kept from one message to the next; all zero at its beginning.
    type Cursor: pin_init::Zeroable + Copy + Send + 'static;

    /// Puts the next entries, from `cursor` on, and moves it past each that was put.
    ///
    /// # Errors
    ///
    /// [`Full`] (by `?`) when the message takes no more: it is called again with a new one. Any
    /// other error ends the dump.
    fn run(
        request: &Request<'_, F>,
        cursor: &mut Self::Cursor,
        entries: &mut Entries<'_>,
        process: Process<'_>,
    ) -> Result<(), Full>;
}

/// Why an entry was not put.
pub enum Full {
    /// The message takes no more.
    Message,
    /// The dump cannot go on.
    Error(Error),
}

impl From<Error> for Full {
    fn from(e: Error) -> Self {
        Full::Error(e)
    }
}

/// The messages of a dump.
pub struct Entries<'a> {
    callback: &'a mut bindings::netlink_callback,
    skb: *mut bindings::sk_buff,
    family: *const bindings::genl_family,
    portid: u32,
    command: u8,
}

impl Entries<'_> {
    /// Puts an entry.
    ///
    /// # Errors
    ///
    /// [`Full::Message`] when there is no room for it; what `fill` says otherwise.
    pub fn put(&mut self, fill: impl FnOnce(&mut Writer<'_>) -> Result) -> Result<(), Full> {
        // SAFETY: The callback and the message are the dump's own.
        unsafe {
            let start = bindings::genlmsg_put(
                self.skb,
                self.portid,
                (*self.callback.nlh).nlmsg_seq,
                self.family,
                bindings::NLM_F_MULTI as c_int,
                self.command,
            );
            if start.is_null() {
                return Err(Full::Message);
            }
            bindings::genl_dump_check_consistent(self.callback, start);
            match fill(&mut Writer::from_raw(self.skb)) {
                Ok(()) => {
                    bindings::genlmsg_end(self.skb, start);
                    Ok(())
                }
                Err(e) => {
                    bindings::genlmsg_cancel(self.skb, start);
                    Err(if e == EMSGSIZE {
                        Full::Message
                    } else {
                        Full::Error(e)
                    })
                }
            }
        }
    }

    /// Says which generation of the set is being dumped, not 0.
    ///
    /// When it changes from one message of the dump to another, userspace is told that what it gets
    /// may be inconsistent (`NLM_F_DUMP_INTR`).
    #[doc(alias = "nl_dump_check_consistent")]
    pub fn generation(&mut self, generation: u32) {
        self.callback.seq = generation;
    }
}

/// An operation, as [`Family::OPS`] lists it.
#[repr(transparent)]
pub struct Op<F: Family>(bindings::genl_split_ops, PhantomData<fn() -> F>);

// SAFETY: Never changed; the pointers in it are to statics.
unsafe impl<F: Family> Sync for Op<F> {}

impl<F: Family> Op<F> {
    /// A [`Do`].
    pub const fn new_do<O: Do<F, N>, const N: usize>() -> Self {
        let mut raw: bindings::genl_split_ops = pin_init::zeroed();
        raw.__bindgen_anon_1.__bindgen_anon_1.doit = Some(doit::<F, O, N>);
        raw.policy = O::POLICY.as_raw();
        raw.maxattr = Table::<N>::MAX;
        raw.cmd = O::COMMAND;
        raw.flags = (bindings::GENL_CMD_CAP_DO | O::ACCESS.flags()) as u8;
        Self(raw, PhantomData)
    }

    /// A [`Dump`].
    pub const fn new_dump<O: Dump<F, N>, const N: usize>() -> Self {
        assert!(
            size_of::<O::Cursor>() <= bindings::NETLINK_CTX_SIZE as usize
                && align_of::<O::Cursor>() <= 8,
            "a cursor has at most 48 bytes"
        );
        let mut raw: bindings::genl_split_ops = pin_init::zeroed();
        raw.__bindgen_anon_1.__bindgen_anon_2.dumpit = Some(dumpit::<F, O, N>);
        raw.policy = O::POLICY.as_raw();
        raw.maxattr = Table::<N>::MAX;
        raw.cmd = O::COMMAND;
        raw.flags = (bindings::GENL_CMD_CAP_DUMP | O::ACCESS.flags()) as u8;
        Self(raw, PhantomData)
    }
}

/// Fails to compile where the core would refuse the operations when the module is loaded.
// Evaluated by the compiler alone.
#[expect(clippy::indexing_slicing)]
pub(super) const fn check_order<F: Family>(ops: &[Op<F>]) {
    assert!(
        !ops.is_empty() && ops.len() < 256,
        "a family has 1 to 255 operations"
    );
    let mut i = 1;
    while i < ops.len() {
        let (a, b) = (&ops[i - 1].0, &ops[i].0);
        let kinds = (bindings::GENL_CMD_CAP_DO | bindings::GENL_CMD_CAP_DUMP) as u8;
        let pair = a.cmd == b.cmd
            && a.flags & kinds == bindings::GENL_CMD_CAP_DO as u8
            && b.flags & kinds == bindings::GENL_CMD_CAP_DUMP as u8
            && (a.flags ^ b.flags) & !kinds == 0;
        assert!(
            a.cmd < b.cmd || pair,
            "operations are in the order of their commands, a do before its dump"
        );
        i += 1;
    }
}

/// # Safety
///
/// Called by the core with a request for `O`.
unsafe extern "C" fn doit<F: Family, O: Do<F, N>, const N: usize>(
    _skb: *mut bindings::sk_buff,
    info: *mut bindings::genl_info,
) -> c_int {
    from_result(|| {
        // SAFETY: By the caller's promise; all of it is valid during the call, which may sleep.
        let (request, process) = unsafe {
            let extack = ExtAck::from_raw((*info).extack);
            (
                request::<F>(&*info, Table::<N>::MAX, extack),
                Process::assume(),
            )
        };
        O::run(&request, process)?;
        Ok(0)
    })
}

/// # Safety
///
/// `info` is that of a request whose attributes were parsed up to type `max`.
unsafe fn request<'a, F: Family>(
    info: &'a bindings::genl_info,
    max: u32,
    extack: ExtAck<'a>,
) -> Request<'a, F> {
    // SAFETY: By the caller's promise. The socket of the request keeps the namespace.
    unsafe {
        Request {
            info,
            attrs: Attrs::from_raw(info.attrs, max),
            extack,
            net: Net::from_raw(bindings::genl_info_net(ptr::from_ref(info).cast_mut())),
            _family: PhantomData,
        }
    }
}

/// # Safety
///
/// Called by the core with the state of a dump by `O`, and a message for it.
unsafe extern "C" fn dumpit<F: Family, O: Dump<F, N>, const N: usize>(
    skb: *mut bindings::sk_buff,
    callback: *mut bindings::netlink_callback,
) -> c_int {
    // SAFETY: By the caller's promise; all of it is valid during the call, which may sleep. The
    // cursor is in memory of the dump's own, zeroed at its beginning, that `callback` has no other
    // use for.
    let (request, cursor, mut next, mut entries, process) = unsafe {
        let info = &(*bindings::genl_dumpit_info(callback)).info;
        let extack = ExtAck::from_raw((*callback).extack);
        let cursor = (&raw mut (*callback).__bindgen_anon_1.ctx).cast::<O::Cursor>();
        let next = *cursor;
        let entries = Entries {
            callback: &mut *callback,
            skb,
            family: info.family,
            portid: (*(&raw const (*(*callback).skb).cb).cast::<bindings::netlink_skb_parms>())
                .portid,
            command: O::COMMAND,
        };
        (
            request::<F>(info, Table::<N>::MAX, extack),
            cursor,
            next,
            entries,
            Process::assume(),
        )
    };
    let result = O::run(&request, &mut next, &mut entries, process);
    // SAFETY: As above; the message is the dump's own.
    let len = unsafe {
        *cursor = next;
        (*skb).len as c_int
    };
    match result {
        // An empty message ends the dump.
        Ok(()) => len,
        Err(Full::Message) if len > 0 => len,
        Err(Full::Message) => EMSGSIZE.to_errno(),
        Err(Full::Error(e)) => e.to_errno(),
    }
}
