// SPDX-License-Identifier: GPL-2.0

//! Sockets of generic netlink.

use std::{
    fmt,
    io::{self, ErrorKind},
    marker::PhantomData,
};

use netlink_packet_core::{
    Emitable, NetlinkBuffer, NetlinkHeader, NetlinkMessage, NetlinkPayload, NLMSG_DONE,
    NLMSG_ERROR, NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST,
};
use netlink_packet_generic::{
    constants::GENL_HDRLEN,
    ctrl::{
        nlas::{GenlCtrlAttrs, McastGrpAttrs},
        GenlCtrl, GenlCtrlCmd,
    },
    GenlFamily, GenlHeader, GenlMessage,
};
use netlink_sys::{protocols::NETLINK_GENERIC, Socket, SocketAddr};

use crate::{Failure, Refusal};

/// Longer than any message of a dump: the kernel fills as much as the reader has shown room for, up to
/// 32 KiB.
pub const ROOM: usize = 1 << 17;

/// Where the attributes of a message begin: behind the headers of netlink and of generic netlink.
pub const ATTRIBUTES: usize = 16 + GENL_HDRLEN;

/// A family, as its specification has it.
pub trait Family {
    /// Its name.
    const NAME: &'static str;
    /// The module that has it.
    const MODULE: &'static str;
    /// The version of its messages.
    const VERSION: u8;
}

/// What the kernel has numbered: the family and its groups.
pub struct Numbers {
    /// The type of the family's messages.
    pub id: u16,
    groups: Vec<(String, u32)>,
}

impl Numbers {
    /// The number of a group.
    ///
    /// # Errors
    ///
    /// If the family has no such group.
    pub fn group(&self, wanted: &str) -> Result<u32, Failure> {
        let found = self.groups.iter().find(|(name, _)| name == wanted);
        found.map(|(_, group)| *group).ok_or_else(|| {
            Failure::new(format!(
                "the family has no group {wanted}: its module is another version's"
            ))
        })
    }
}

/// A request of the family's: its command, and its attributes.
struct Request<F> {
    command: u8,
    attributes: Vec<u8>,
    family: PhantomData<F>,
}

impl<F> Clone for Request<F> {
    fn clone(&self) -> Self {
        Self {
            command: self.command,
            attributes: self.attributes.clone(),
            family: PhantomData,
        }
    }
}

impl<F> fmt::Debug for Request<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request {}", self.command)
    }
}

impl<F: Family> GenlFamily for Request<F> {
    fn family_name() -> &'static str {
        F::NAME
    }

    fn command(&self) -> u8 {
        self.command
    }

    fn version(&self) -> u8 {
        F::VERSION
    }
}

impl<F> Emitable for Request<F> {
    fn buffer_len(&self) -> usize {
        self.attributes.len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.attributes);
    }
}

/// What a message of the family's says: its command, and its attributes where they are.
///
/// # Errors
///
/// If it is too short.
pub fn told<'a>(message: &NetlinkBuffer<&'a [u8]>) -> Result<(u8, &'a [u8]), Failure> {
    let payload = message.payload();
    let command = GenlHeader::parse(payload)?.cmd;
    Ok((command, payload.get(GENL_HDRLEN..).unwrap_or(&[])))
}

/// Shows each message of a datagram.
///
/// # Errors
///
/// What `show` fails with; if a length makes no sense.
pub fn each<'a>(
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
///
/// # Errors
///
/// What `recvfrom()` fails with.
pub fn receive(socket: &Socket, datagram: &mut Vec<u8>) -> io::Result<()> {
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

/// A socket with an address of its own.
///
/// # Errors
///
/// What `socket()` and `bind()` fail with.
pub fn socket() -> Result<Socket, Failure> {
    let mut socket = Socket::new(NETLINK_GENERIC)?;
    socket.bind_auto()?;
    Ok(socket)
}

/// Asks the family `F`, and waits for the answer.
pub struct Asker<F> {
    socket: Socket,
    numbers: Numbers,
    datagram: Vec<u8>,
    family: PhantomData<F>,
}

impl<F: Family> Asker<F> {
    /// Finds the family; the kernel loads the module that has it, if it can.
    ///
    /// # Errors
    ///
    /// If there is no such family.
    pub fn new() -> Result<Self, Failure> {
        let socket = socket()?;
        // Errors have a text and a place, and repeat no more of the request than its header.
        socket.set_ext_ack(true)?;
        socket.set_cap_ack(true)?;
        let mut asker = Self {
            socket,
            numbers: Numbers {
                id: 0,
                groups: Vec::new(),
            },
            datagram: Vec::with_capacity(ROOM),
            family: PhantomData,
        };
        asker.find()?;
        Ok(asker)
    }

    /// What the kernel has numbered.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    fn send<R: GenlFamily + Emitable + fmt::Debug>(
        &self,
        request: GenlMessage<R>,
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

    fn find(&mut self) -> Result<(), Failure> {
        let name = GenlCtrlAttrs::FamilyName(F::NAME.into());
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
                return Err(Failure::new(format!(
                    "the kernel has no family {}; load the module: modprobe {}",
                    F::NAME,
                    F::MODULE
                )));
            }
            NetlinkPayload::Error(error) => return Err(error.to_io().into()),
            _ => return Err(Failure::new("the kernel does not say what the family is")),
        };
        for attribute in answer.nlas {
            match attribute {
                GenlCtrlAttrs::FamilyId(id) => self.numbers.id = id,
                GenlCtrlAttrs::McastGroups(groups) => {
                    self.numbers
                        .groups
                        .extend(groups.iter().filter_map(|group| {
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
        Ok(())
    }

    fn request(&self, command: u8, attributes: Vec<u8>, flags: u16) -> Result<(), Failure> {
        let mut request = GenlMessage::from_payload(Request::<F> {
            command,
            attributes,
            family: PhantomData,
        });
        request.set_resolved_family_id(self.numbers.id);
        Ok(self.send(request, flags)?)
    }

    /// Shows the attributes of each message of an answer; says whether all of it is of one moment.
    fn answer(
        &mut self,
        mut show: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<Result<bool, Refusal>, Failure> {
        let mut is_whole = true;
        loop {
            receive(&self.socket, &mut self.datagram)?;
            let mut end = None;
            each(&self.datagram, |message| {
                let buffer = NetlinkBuffer::new_checked(message)?;
                let flags = buffer.flags();
                is_whole &= flags & NLM_F_DUMP_INTR == 0;
                match buffer.message_type() {
                    kind if kind == self.numbers.id => return show(told(&buffer)?.1),
                    // What goes wrong in a dump's course is said at its end.
                    kind @ (NLMSG_ERROR | NLMSG_DONE) => {
                        end = Some(Refusal::of(buffer.payload(), flags, kind)?);
                    }
                    _ => (),
                }
                Ok(())
            })?;
            if let Some(refusal) = end {
                return Ok(refusal.map_or(Ok(is_whole), Err));
            }
        }
    }

    /// Asks what has one answer, or none; [`finish`](Self::finish) waits for it.
    ///
    /// # Errors
    ///
    /// If the request is not sent: nothing is done then.
    pub fn begin(&mut self, command: u8, attributes: Vec<u8>) -> Result<(), Failure> {
        self.request(command, attributes, NLM_F_ACK)
    }

    /// Waits for the answer to what has been begun; shows its attributes.
    ///
    /// # Errors
    ///
    /// If it does not come, or makes no sense: it is not known then what the kernel has done. What `show` fails with.
    pub fn finish(
        &mut self,
        show: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<Result<(), Refusal>, Failure> {
        Ok(self.answer(show)?.map(drop))
    }

    /// Asks what has one answer, or none; shows its attributes.
    ///
    /// # Errors
    ///
    /// What the kernel refuses it with; what `show` fails with.
    pub fn ask(
        &mut self,
        command: u8,
        attributes: Vec<u8>,
        show: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.begin(command, attributes)?;
        Ok(self.finish(show)??)
    }

    /// Dumps what there is, of all or of what the attributes say; shows each entry's attributes. Says whether all is
    /// of one moment: else something has changed meanwhile.
    ///
    /// # Errors
    ///
    /// What the kernel refuses it with, at once or in its course; what `show` fails with.
    pub fn dump(
        &mut self,
        command: u8,
        attributes: Vec<u8>,
        show: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<bool, Failure> {
        self.request(command, attributes, NLM_F_DUMP)?;
        Ok(self.answer(show)??)
    }
}
