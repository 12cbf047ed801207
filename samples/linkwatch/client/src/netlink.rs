// SPDX-License-Identifier: GPL-2.0

//! The family's sockets: one asks, another listens.

use std::{
    fmt,
    io::{self, ErrorKind},
    os::fd::{AsFd, BorrowedFd},
};

use netlink_packet_core::{
    DefaultNla, Emitable, NetlinkBuffer, NetlinkHeader, NetlinkMessage, NetlinkPayload, NLM_F_DUMP,
    NLM_F_REQUEST,
};
use netlink_packet_generic::{
    constants::{GENL_HDRLEN, GENL_ID_CTRL},
    ctrl::{
        nlas::{GenlCtrlAttrs, McastGrpAttrs},
        GenlCtrl, GenlCtrlCmd,
    },
    GenlFamily, GenlHeader, GenlMessage,
};
use netlink_sys::{protocols::NETLINK_GENERIC, Socket, SocketAddr};
use socket2::SockRef;

use crate::{
    failure::Failure,
    filter,
    schema::{self, Kind, KINDS},
};

/// Longer than any message of a dump: the kernel fills as much as the reader has shown room for, up to
/// 32 KiB.
const ROOM: usize = 1 << 17;
/// What `ip monitor` asks for, too.
const LISTENERS_BUFFER: usize = 1 << 20;
/// Group of the controller: families that come and go.
const CONTROLLER: u32 = GENL_ID_CTRL as u32;

/// What the kernel has numbered: the family and its groups.
pub(crate) struct Family {
    id: u16,
    groups: Vec<(String, u32)>,
}

/// A request of the family's: its command, and its attributes.
#[derive(Clone, Debug)]
struct Request {
    command: u8,
    attributes: Vec<u8>,
}

impl GenlFamily for Request {
    fn family_name() -> &'static str {
        schema::FAMILY
    }

    fn command(&self) -> u8 {
        self.command
    }

    fn version(&self) -> u8 {
        schema::VERSION
    }
}

impl Emitable for Request {
    fn buffer_len(&self) -> usize {
        self.attributes.len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.attributes);
    }
}

/// What a message of the family's says: its command, and its attributes where they are.
fn told<'a>(message: &NetlinkBuffer<&'a [u8]>) -> Result<(u8, &'a [u8]), Failure> {
    let payload = message.payload();
    let command = GenlHeader::parse(payload)?.cmd;
    Ok((command, payload.get(GENL_HDRLEN..).unwrap_or(&[])))
}

/// Shows each message of a datagram.
fn each<'a>(
    mut datagram: &'a [u8],
    mut show: impl FnMut(&'a [u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    while !datagram.is_empty() {
        let length = NetlinkBuffer::new_checked(datagram)?.length() as usize;
        let (message, rest) = datagram.split_at_checked(length).unwrap_or((datagram, &[]));
        show(message)?;
        // Each begins at a multiple of four bytes.
        datagram = rest.get(length.wrapping_neg() % 4..).unwrap_or(&[]);
    }
    Ok(())
}

/// Takes the next datagram of the kernel's into `datagram`.
fn receive(socket: &Socket, datagram: &mut Vec<u8>) -> io::Result<()> {
    loop {
        datagram.clear();
        match socket.recv_from(datagram, 0) {
            // Of another program's.
            Ok((_, from)) if from.port_number() != 0 => (),
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Interrupted => (),
            Err(error) => return Err(error),
        }
    }
}

fn socket() -> Result<Socket, Failure> {
    let mut socket = Socket::new(NETLINK_GENERIC)?;
    socket.bind_auto()?;
    Ok(socket)
}

/// Asks, and waits for the answer.
pub(crate) struct Asker {
    socket: Socket,
    datagram: Vec<u8>,
}

impl Asker {
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self {
            socket: socket()?,
            datagram: Vec::with_capacity(ROOM),
        })
    }

    fn send<F: GenlFamily + Emitable + fmt::Debug>(
        &self,
        request: GenlMessage<F>,
        flags: u16,
    ) -> io::Result<()> {
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | flags;
        let mut message = NetlinkMessage::new(header, request.into());
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        self.socket
            .send_to(&bytes, &SocketAddr::new(0, 0), 0)
            .map(drop)
    }

    /// What the kernel says of the family; it loads the module that has it, if it can.
    pub(crate) fn family(&mut self) -> Result<Family, Failure> {
        let name = GenlCtrlAttrs::FamilyName(schema::FAMILY.into());
        self.send(
            GenlMessage::from_payload(GenlCtrl {
                cmd: GenlCtrlCmd::GetFamily,
                nlas: vec![name],
            }),
            0,
        )?;
        receive(&self.socket, &mut self.datagram)?;
        let answer = NetlinkMessage::<GenlMessage<GenlCtrl>>::deserialize(&self.datagram)?;
        let answer = match answer.payload {
            NetlinkPayload::InnerMessage(answer) => answer.payload,
            NetlinkPayload::Error(error) if error.to_io().kind() == ErrorKind::NotFound => {
                let name = schema::FAMILY;
                return Err(Failure::new(format!(
                    "the kernel has no family {name}; load the module: modprobe {name}"
                )));
            }
            NetlinkPayload::Error(error) => return Err(error.to_io().into()),
            _ => return Err(Failure::new("the kernel does not say what the family is")),
        };
        let mut family = Family {
            id: 0,
            groups: Vec::new(),
        };
        for attribute in answer.nlas {
            match attribute {
                GenlCtrlAttrs::FamilyId(id) => family.id = id,
                GenlCtrlAttrs::McastGroups(groups) => {
                    family.groups.extend(groups.iter().filter_map(|group| {
                        let name = group.iter().find_map(|attribute| match attribute {
                            McastGrpAttrs::Name(name) => Some(name.clone()),
                            _ => None,
                        });
                        let id = group.iter().find_map(|attribute| match attribute {
                            McastGrpAttrs::Id(id) => Some(*id),
                            _ => None,
                        });
                        name.zip(id)
                    }))
                }
                _ => (),
            }
        }
        Ok(family)
    }

    /// Dumps what there is, of all or of what the attributes say; shows each entry's attributes.
    pub(crate) fn dump(
        &mut self,
        family: &Family,
        command: u8,
        attributes: Vec<u8>,
        mut show: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut request = GenlMessage::from_payload(Request {
            command,
            attributes,
        });
        request.set_resolved_family_id(family.id);
        self.send(request, NLM_F_DUMP)?;
        let mut done = false;
        while !done {
            receive(&self.socket, &mut self.datagram)?;
            each(&self.datagram, |message| {
                // A dump's interruption (NLM_F_DUMP_INTR) is no matter: what has changed meanwhile is told.
                let buffer = NetlinkBuffer::new_checked(message)?;
                if buffer.message_type() == family.id {
                    return show(told(&buffer)?.1);
                }
                match NetlinkMessage::<GenlMessage<GenlCtrl>>::deserialize(message)?.payload {
                    // What goes wrong in a dump's course is said at its end.
                    NetlinkPayload::Done(end) if end.code < 0 => {
                        Err(io::Error::from_raw_os_error(end.code.saturating_neg()).into())
                    }
                    NetlinkPayload::Done(_) => {
                        done = true;
                        Ok(())
                    }
                    NetlinkPayload::Error(error) => Err(error.to_io().into()),
                    _ => Ok(()),
                }
            })?;
        }
        Ok(())
    }
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
        family: &Family,
        kinds: &[&Kind],
        devices: Option<&[u32]>,
    ) -> Result<Self, Failure> {
        let socket = socket()?;
        socket.set_non_blocking(true)?;
        socket.set_rx_buf_sz(LISTENERS_BUFFER as i32)?;
        let device_events = kinds.iter().any(|kind| kind.is_device());
        if devices.is_some() || !device_events {
            SockRef::from(&socket).attach_filter(&filter::of(devices, device_events))?;
        }
        socket.add_membership(CONTROLLER)?;
        let always = KINDS.iter().filter(|kind| kind.is_device());
        for wanted in kinds.iter().copied().chain(always).map(|kind| kind.group) {
            let Some((_, group)) = family.groups.iter().find(|(name, _)| name == wanted) else {
                return Err(Failure::new(format!(
                    "the family has no group {wanted}: its module is another version's"
                )));
            };
            socket.add_membership(*group)?;
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

/// A request's attribute of four bytes.
pub(crate) fn attribute(number: u16, value: u32) -> Vec<u8> {
    let attributes = [DefaultNla::new(number, value.to_ne_bytes().to_vec())];
    let mut bytes = vec![0; attributes.as_slice().buffer_len()];
    attributes.as_slice().emit(&mut bytes);
    bytes
}
