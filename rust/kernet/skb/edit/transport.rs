// SPDX-License-Identifier: GPL-2.0

//! Edits of a transport header: its ports, or the whole of it.

use super::{
    Edit,
    EditError,
    Place, //
};
use crate::wire::{
    self,
    icmp,
    icmpv6,
    ip::{
        Ports,
        Protocol, //
    },
    tcp,
    udp, //
};

mod sealed {
    pub trait Sealed {
        /// Whether the lengths are those of `old`, which others have checked.
        fn is_as_long_as(&self, old: &Self) -> bool;
        /// Takes over the checksum, which the edit sees to.
        fn keep_checksum(&mut self, old: &Self);
    }
}

use sealed::Sealed;

/// The headers that [`Edit::transport`] edits: of TCP, UDP, ICMP and ICMPv6.
///
/// # Examples
///
/// ```
/// use kernet::{skb::{Edit, EditError, Transport}, wire::tcp};
///
/// /// Sets a field of whatever transport there may be.
/// fn set<H: Transport>(edit: &mut Edit<'_>, change: fn(&mut H)) -> Result<(), EditError> {
///     edit.transport(change)
/// }
///
/// fn close_window(edit: &mut Edit<'_>) -> Result<(), EditError> {
///     set(edit, |header: &mut tcp::Header| header.set_window(0))
/// }
/// ```
pub trait Transport: wire::Header + Sealed {
    /// The protocol that has the header.
    #[doc(alias = "iphdr::protocol")]
    const PROTOCOL: Protocol;
}

impl Sealed for tcp::Header {
    fn is_as_long_as(&self, old: &Self) -> bool {
        self.header_len() == old.header_len()
    }

    fn keep_checksum(&mut self, old: &Self) {
        self.set_checksum(old.checksum());
    }
}

impl Transport for tcp::Header {
    const PROTOCOL: Protocol = Protocol::TCP;
}

impl Sealed for udp::Header {
    fn is_as_long_as(&self, old: &Self) -> bool {
        self.len() == old.len()
    }

    fn keep_checksum(&mut self, old: &Self) {
        self.set_checksum(old.checksum());
    }
}

impl Transport for udp::Header {
    const PROTOCOL: Protocol = Protocol::UDP;
}

impl Sealed for icmp::Header {
    fn is_as_long_as(&self, _old: &Self) -> bool {
        true
    }

    fn keep_checksum(&mut self, old: &Self) {
        self.set_checksum(old.checksum());
    }
}

impl Transport for icmp::Header {
    const PROTOCOL: Protocol = Protocol::ICMP;
}

impl Sealed for icmpv6::Header {
    fn is_as_long_as(&self, _old: &Self) -> bool {
        true
    }

    fn keep_checksum(&mut self, old: &Self) {
        self.set_checksum(old.checksum());
    }
}

impl Transport for icmpv6::Header {
    const PROTOCOL: Protocol = Protocol::ICMPV6;
}

impl Edit<'_> {
    /// The ports; `None` if the protocol has none, in a later fragment, and if they are cut off.
    #[inline]
    pub fn ports(&self) -> Option<Ports> {
        self.skb.header(self.ports?).copied()
    }

    /// Sets the sender's port, in host byte order (`inet_proto_csum_replace2()`). The flow hash is
    /// removed.
    ///
    /// # Errors
    ///
    /// [`EditError::Absent`], [`EditError::Unsupported`] (SCTP), [`EditError::TooShort`].
    #[doc(alias = "inet_proto_csum_replace2")]
    #[inline]
    pub fn set_source_port(&mut self, port: u16) -> Result<(), EditError> {
        self.set_port(Place::Source, port)
    }

    /// Sets the receiver's port, in host byte order (`inet_proto_csum_replace2()`). The flow hash
    /// is removed.
    ///
    /// # Errors
    ///
    /// As [`Self::set_source_port`].
    #[doc(alias = "inet_proto_csum_replace2")]
    #[inline]
    pub fn set_destination_port(&mut self, port: u16) -> Result<(), EditError> {
        self.set_port(Place::Destination, port)
    }

    #[inline]
    fn set_port(&mut self, place: Place, port: u16) -> Result<(), EditError> {
        let offset = match place {
            Place::Source => 0,
            Place::Destination => 2,
        };
        let Some(at) = self.ports else {
            return Err(self.no_ports());
        };
        // Its checksum is another kind.
        if self.layout.protocol == Protocol::SCTP {
            return Err(EditError::Unsupported);
        }
        // SAFETY: By the type invariants the ports are writable, and `offset` is that of one of them.
        unsafe { self.replace_transport(at.wrapping_add(offset), port.to_be_bytes()) }
    }

    /// Why there are no ports.
    #[cold]
    fn no_ports(&self) -> EditError {
        match self.layout.transport {
            Some(_) if self.layout.protocol.has_ports() => EditError::TooShort,
            _ => EditError::Absent,
        }
    }

    /// Changes the transport header: `change` gets a copy of it, and what it changes there is changed in the
    /// packet (`inet_proto_csum_replace_by_diff()`). It need not see to the checksum. The flow hash is
    /// removed.
    ///
    /// # Errors
    ///
    /// [`EditError::Absent`] if the packet's transport is another, or it is a later fragment;
    /// [`EditError::Malformed`] if `change` changes a length; [`EditError::Unsupported`],
    /// [`EditError::TooShort`], [`EditError::NoMemory`].
    ///
    /// # Examples
    ///
    /// ```
    /// use kernet::{skb::{Edit, EditError}, wire::tcp};
    ///
    /// /// Tells the sender of what a TCP packet acknowledges to wait.
    /// fn close_window(edit: &mut Edit<'_>) -> Result<(), EditError> {
    ///     edit.transport(|header: &mut tcp::Header| header.set_window(0))
    /// }
    /// ```
    #[doc(alias = "inet_proto_csum_replace_by_diff")]
    pub fn transport<H: Transport>(
        &mut self,
        change: impl FnOnce(&mut H),
    ) -> Result<(), EditError> {
        self.one_packet()?;
        let at = self.layout.transport.ok_or(EditError::Absent)?;
        if self.layout.protocol != H::PROTOCOL {
            return Err(EditError::Absent);
        }
        let end = self.within(at, size_of::<H>() as u32)?;
        if end > self.writable {
            self.skb.as_mut().make_writable(end)?;
            // INVARIANT: As just made; more than before.
            self.writable = end;
        }
        let old: H = *self.skb.header(at).ok_or(EditError::TooShort)?;
        let mut new = old;
        change(&mut new);
        if !new.is_as_long_as(&old) {
            return Err(EditError::Malformed);
        }
        new.keep_checksum(&old);
        // SAFETY: It is writable to its end.
        unsafe { self.replace_transport(at, new) }
    }
}
