// SPDX-License-Identifier: GPL-2.0

//! VLAN tags of a frame, in its metadata or its bytes.

use core::pin::Pin;

use super::{
    Checksum,
    EditError,
    SkbRef,
    VlanTag, //
};
use crate::{
    bindings,
    wire::{
        checksum::Delta,
        ethernet::{
            self,
            EtherType, //
        },
        vlan::{
            self,
            Tci, //
        }, //
    },
};

/// The most that is made before the data for a tag: the tag, and metadata that is moved with it.
const ROOM: u32 = vlan::Header::LEN as u32 + u8::MAX as u32;

impl VlanTag {
    fn of(ethertype: EtherType, tci: Tci) -> Option<Self> {
        match ethertype {
            EtherType::VLAN => Some(Self::Customer(tci)),
            EtherType::SERVICE_VLAN => Some(Self::Service(tci)),
            _ => None,
        }
    }
}

impl SkbRef {
    /// Whether the data begins with the link header, that of Ethernet, and where C looks for it.
    fn check_frame(mut self: Pin<&mut Self>) -> Result<EtherType, EditError> {
        let header: ethernet::Header = self.copy_header(0).ok_or(EditError::TooShort)?;
        // SAFETY: Valid by the type.
        let set = unsafe { bindings::skb_mac_header_was_set(self.as_raw()) } != 0;
        // SAFETY: Valid by the type; set, as just seen.
        if !set || unsafe { bindings::skb_mac_offset(self.as_raw()) } != 0 {
            return Err(EditError::Malformed);
        }
        if !self.has_place_for_header() {
            return Err(EditError::NoMemory);
        }
        const LEN: i32 = ethernet::Header::LEN as i32;
        if self.network_offset() < LEN {
            // SAFETY: The packet is ours to change; the place is in its data, and can be noted.
            unsafe { bindings::skb_set_network_header(self.as_mut().as_raw(), LEN) };
        }
        Ok(header.ethertype())
    }

    /// Puts a VLAN tag before those that the frame has (`skb_vlan_push()`). It goes to the metadata, whose
    /// tag, if there is one, goes into the frame.
    ///
    /// The data begins with the Ethernet header, as in [`Driver::transmit`](crate::netdev::Driver::transmit),
    /// where [`Self::reset_mac_header`] has noted it.
    ///
    /// # Errors
    ///
    /// [`EditError::Malformed`] if the link header is noted elsewhere; [`EditError::TooShort`];
    /// [`EditError::NoMemory`].
    ///
    /// # Examples
    ///
    /// ```
    /// use core::pin::Pin;
    /// use kernet::{skb::{EditError, SkbRef, VlanTag}, wire::vlan::Tci};
    ///
    /// /// Puts a frame into VLAN 100, whatever tag it had.
    /// fn tag(mut frame: Pin<&mut SkbRef>) -> Result<(), EditError> {
    ///     while frame.as_mut().pop_vlan()?.is_some() {}
    ///     frame.push_vlan(VlanTag::Customer(Tci(100)))
    /// }
    /// ```
    #[doc(alias = "skb_vlan_push")]
    pub fn push_vlan(mut self: Pin<&mut Self>, tag: VlanTag) -> Result<(), EditError> {
        self.as_mut().check_frame()?;
        self.check_growth(ROOM).map_err(|_| EditError::NoMemory)?;
        let (ethertype, tci) = tag.parts();
        // SAFETY: The packet is ours to change. Its data begins with its link header, which is there in
        // full, and the headers that are noted can be moved.
        match unsafe { bindings::skb_vlan_push(self.as_raw(), ethertype.0.to_be(), tci.0) } {
            0 => Ok(()),
            _ => Err(EditError::NoMemory),
        }
    }

    /// Takes off the outermost VLAN tag, from the metadata or the frame, and returns it; `None` if
    /// there is none (`skb_vlan_pop()`). The next one, if there is one, goes to the metadata.
    ///
    /// # Errors
    ///
    /// As [`Self::push_vlan`].
    #[doc(alias = "skb_vlan_pop")]
    pub fn pop_vlan(mut self: Pin<&mut Self>) -> Result<Option<VlanTag>, EditError> {
        let ethertype = self.as_mut().check_frame()?;
        let mut inside = None;
        if ethertype.is_vlan() {
            const FIRST: u32 = ethernet::Header::LEN as u32;
            const LEN: u32 = vlan::Header::LEN as u32;
            let header: vlan::Header = self.copy_header(FIRST).ok_or(EditError::TooShort)?;
            inside = VlanTag::of(ethertype, header.tci());
            let two = self.vlan_tag().is_none() && header.ethertype().is_vlan();
            // The callee looks at the two bytes behind, too. It takes off two tags in two steps: none of
            // them is to fail when the other has been made.
            let end = FIRST + if two { 2 * LEN } else { LEN } + 2;
            self.as_mut().writable(end)?;
        }
        // The callee goes by what is noted, which need not be what is there.
        if ethertype.is_vlan() || EtherType(self.protocol()).is_vlan() {
            self.as_mut().set_protocol(ethertype.0);
        }
        let Some(tag) = self.vlan_tag().or(inside) else {
            return Ok(None);
        };
        // SAFETY: The packet is ours to change. Its data begins with its link header, and all that the
        // callee reads is there.
        match unsafe { bindings::skb_vlan_pop(self.as_raw()) } {
            0 => Ok(Some(tag)),
            _ => Err(EditError::NoMemory),
        }
    }

    /// Replaces the outermost VLAN tag, and returns it; `None` if there is none, which stays so
    /// (`TCA_VLAN_ACT_MODIFY`). The new one is where the old one was, in the metadata or in the frame.
    ///
    /// # Errors
    ///
    /// As [`Self::push_vlan`].
    #[doc(alias = "TCA_VLAN_ACT_MODIFY")]
    pub fn replace_vlan(
        mut self: Pin<&mut Self>,
        tag: VlanTag,
    ) -> Result<Option<VlanTag>, EditError> {
        if let Some(old) = self.vlan_tag() {
            self.set_vlan_tag(Some(tag));
            return Ok(Some(old));
        }
        const AT: usize = ethernet::Header::LEN - 2;
        let first = self.as_mut().check_frame()?;
        if !first.is_vlan() {
            return Ok(None);
        }
        let header: vlan::Header = self
            .copy_header(ethernet::Header::LEN as u32)
            .ok_or(EditError::TooShort)?;
        let Some(old) = VlanTag::of(first, header.tci()) else {
            return Ok(None);
        };
        let (ethertype, Tci(tci)) = tag.parts();
        let [a, b] = ethertype.0.to_be_bytes();
        let [c, d] = tci.to_be_bytes();
        let data = self.as_mut().writable((AT + 4) as u32)?;
        let place = data
            .get_mut(AT..)
            .and_then(|rest| rest.first_chunk_mut())
            .ok_or(EditError::TooShort)?;
        let delta = Delta::new().octets(place, &[a, b, c, d]);
        *place = [a, b, c, d];
        if let Checksum::Complete { sum } = self.checksum() {
            let sum = delta.unfolded(sum, false);
            // SAFETY: The packet is ours to change.
            unsafe { bindings::skb_set_csum_complete(self.as_mut().as_raw(), sum) };
        }
        self.set_protocol(ethertype.0);
        Ok(Some(old))
    }
}
