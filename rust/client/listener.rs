// SPDX-License-Identifier: GPL-2.0

//! A socket that listens to a family.

use std::{
    io::{self, ErrorKind},
    marker::PhantomData,
    os::fd::{AsFd, BorrowedFd},
};

use netlink_packet_core::{NetlinkBuffer, NetlinkMessage, NetlinkPayload};
use netlink_packet_generic::{
    constants::GENL_ID_CTRL,
    ctrl::{nlas::GenlCtrlAttrs, GenlCtrl, GenlCtrlCmd},
    GenlMessage,
};
use netlink_sys::Socket;

use crate::{
    netlink::{self, each, receive, told, Family, Numbers, ROOM},
    refusal::refused,
    Failure,
};

/// What `ip monitor` asks for, too.
const BUFFER: isize = 1 << 20;
/// Group of the controller: families that come and go.
const CONTROLLER: u32 = GENL_ID_CTRL as u32;

/// Some events were missed.
pub struct Lost;

/// Hears what happens.
pub struct Listener<F> {
    socket: Socket,
    id: u16,
    datagram: Vec<u8>,
    family: PhantomData<F>,
}

impl<F: Family> Listener<F> {
    /// Hears of groups from now on, through a socket that `prepare` has been shown before.
    ///
    /// # Errors
    ///
    /// If the family has no such group; if the program may not.
    pub fn new<'g>(
        family: &Numbers,
        groups: impl IntoIterator<Item = &'g str>,
        prepare: impl FnOnce(&Socket) -> io::Result<()>,
    ) -> Result<Self, Failure> {
        let socket = netlink::socket()?;
        socket.set_non_blocking(true)?;
        socket.set_rx_buf_sz(BUFFER)?;
        prepare(&socket)?;
        socket.add_membership(CONTROLLER)?;
        for wanted in groups {
            socket
                .add_membership(family.group(wanted)?)
                .map_err(refused)?;
        }
        Ok(Self {
            socket,
            id: family.id,
            datagram: Vec::with_capacity(ROOM),
            family: PhantomData,
        })
    }

    /// Shows the messages of the next datagram, each with its command and attributes; says whether there was
    /// one.
    ///
    /// # Errors
    ///
    /// If the module was unloaded; what `show` fails with.
    pub fn next(
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
                return still_there::<F>(message);
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
    ///
    /// # Errors
    ///
    /// What `recvfrom()` fails with.
    pub fn empty(&mut self) -> Result<(), Failure> {
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

impl<F> AsFd for Listener<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn is_overrun(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error())
}

/// Fails when the controller says that the family has gone.
fn still_there<F: Family>(message: &[u8]) -> Result<(), Failure> {
    let Ok(message) = NetlinkMessage::<GenlMessage<GenlCtrl>>::deserialize(message) else {
        // Of another family, in a way that this program does not know.
        return Ok(());
    };
    let NetlinkPayload::InnerMessage(told) = message.payload else {
        return Ok(());
    };
    let told = told.payload;
    let ours = |attribute: &GenlCtrlAttrs| matches!(attribute, GenlCtrlAttrs::FamilyName(name) if name == F::NAME);
    if told.cmd == GenlCtrlCmd::DelFamily && told.nlas.iter().any(ours) {
        return Err(Failure::new("the module was unloaded"));
    }
    Ok(())
}
