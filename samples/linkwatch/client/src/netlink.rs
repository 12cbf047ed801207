// SPDX-License-Identifier: GPL-2.0

//! The family, and a socket that listens to it.

use std::{
    io::{self, ErrorKind},
    os::fd::{AsFd, BorrowedFd},
};

use kernet_client::{
    netlink::{self, each, receive, told, Numbers, ROOM},
    Failure,
};
use netlink_packet_core::{NetlinkBuffer, NetlinkMessage, NetlinkPayload};
use netlink_packet_generic::{
    constants::GENL_ID_CTRL,
    ctrl::{nlas::GenlCtrlAttrs, GenlCtrl, GenlCtrlCmd},
    GenlMessage,
};
use netlink_sys::Socket;
use socket2::SockRef;

use crate::{
    filter,
    schema::{self, Kind, KINDS},
};

/// What `ip monitor` asks for, too.
const LISTENERS_BUFFER: usize = 1 << 20;
/// Group of the controller: families that come and go.
const CONTROLLER: u32 = GENL_ID_CTRL as u32;

pub(crate) struct Linkwatch;

impl netlink::Family for Linkwatch {
    const NAME: &'static str = schema::FAMILY;
    const MODULE: &'static str = "linkwatch";
    const VERSION: u8 = schema::VERSION;
}

/// Some events were missed.
pub(crate) struct Lost;

/// Hears what happens.
pub(crate) struct Listener {
    socket: Socket,
    id: u16,
    datagram: Vec<u8>,
}

impl Listener {
    /// Hears of the kinds from now on, of all devices or of some; which devices there are in any case.
    pub(crate) fn new(
        family: &Numbers,
        kinds: &[&Kind],
        devices: Option<&[u32]>,
    ) -> Result<Self, Failure> {
        let socket = netlink::socket()?;
        socket.set_non_blocking(true)?;
        socket.set_rx_buf_sz(LISTENERS_BUFFER as i32)?;
        let device_events = kinds.iter().any(|kind| kind.is_device());
        if devices.is_some() || !device_events {
            SockRef::from(&socket).attach_filter(&filter::of(devices, device_events))?;
        }
        socket.add_membership(CONTROLLER)?;
        let always = KINDS.iter().filter(|kind| kind.is_device());
        for wanted in kinds.iter().copied().chain(always).map(|kind| kind.group) {
            socket.add_membership(family.group(wanted)?)?;
        }
        Ok(Self {
            socket,
            id: family.id,
            datagram: Vec::with_capacity(ROOM),
        })
    }

    /// Shows the messages of the next datagram, each with its command and attributes; says whether there was
    /// one.
    pub(crate) fn next(
        &mut self,
        mut show: impl FnMut(u8, &[u8]) -> Result<(), Failure>,
    ) -> Result<Result<bool, Lost>, Failure> {
        match receive(&self.socket, &mut self.datagram) {
            Ok(()) => (),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Ok(false)),
            Err(error) if is_overrun(&error) => return Ok(Err(Lost)),
            Err(error) => return Err(error.into()),
        }
        each(&self.datagram, |message| {
            let buffer = NetlinkBuffer::new_checked(message)?;
            if buffer.message_type() == GENL_ID_CTRL {
                return still_there(message);
            }
            if buffer.message_type() != self.id {
                return Ok(());
            }
            let (command, attributes) = told(&buffer)?;
            show(command, attributes)
        })?;
        Ok(Ok(true))
    }

    /// Throws away what waits, until there is nothing more.
    ///
    /// A socket that has missed something gets nothing, and does not say so again, until its queue has been
    /// read empty. A snapshot that is taken before that would be followed by a gap.
    pub(crate) fn empty(&mut self) -> Result<(), Failure> {
        loop {
            match receive(&self.socket, &mut self.datagram) {
                Ok(()) => (),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if is_overrun(&error) => (),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn is_overrun(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error())
}

/// Fails when the controller says that the family has gone.
fn still_there(message: &[u8]) -> Result<(), Failure> {
    let Ok(message) = NetlinkMessage::<GenlMessage<GenlCtrl>>::deserialize(message) else {
        // Of another family, in a way that this program does not know.
        return Ok(());
    };
    let NetlinkPayload::InnerMessage(told) = message.payload else {
        return Ok(());
    };
    let told = told.payload;
    let ours = |attribute: &GenlCtrlAttrs| matches!(attribute, GenlCtrlAttrs::FamilyName(name) if name == schema::FAMILY);
    if told.cmd == GenlCtrlCmd::DelFamily && told.nlas.iter().any(ours) {
        return Err(Failure::new("the module was unloaded"));
    }
    Ok(())
}
