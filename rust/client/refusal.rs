// SPDX-License-Identifier: GPL-2.0

//! Why the kernel refuses a request.

use std::{
    fmt,
    io::{self, ErrorKind},
};

use netlink_packet_core::{NLMSG_ERROR, NLM_F_ACK_TLVS};

use crate::{attribute, Failure};

/// The header of the request, which an error repeats.
const HEADER: usize = 16;
/// What is said behind an error (`enum nlmsgerr_attrs`).
const TEXT: u16 = 1;
const OFFSET: u16 = 2;
const MISSING_IN: u16 = 6;

/// Why the kernel refuses a request: its extended acknowledgement.
#[derive(Debug, Default, PartialEq)]
pub struct Refusal {
    /// The error's number.
    pub errno: i32,
    /// A sentence.
    pub text: Option<String>,
    /// Where in the message the attribute is that is to blame, or the nest that lacks one.
    pub offset: Option<usize>,
}

impl Refusal {
    /// Reads it from the body of a message of this kind; `None` if the body says that all is well.
    ///
    /// # Errors
    ///
    /// If it makes no sense.
    pub(crate) fn of(body: &[u8], flags: u16, kind: u16) -> Result<Option<Self>, Failure> {
        let Some((code, rest)) = body.split_first_chunk::<4>() else {
            return match kind {
                NLMSG_ERROR => Err(Failure::new("the kernel's answer is too short")),
                // The end of a dump need not say that all is well.
                _ => Ok(None),
            };
        };
        let code = i32::from_ne_bytes(*code);
        if code >= 0 {
            return Ok(None);
        }
        let mut refusal = Self {
            errno: code.saturating_neg(),
            ..Self::default()
        };
        if flags & NLM_F_ACK_TLVS != 0 {
            // The end of a dump repeats no header.
            let header = if kind == NLMSG_ERROR { HEADER } else { 0 };
            attribute::each(rest.get(header..).unwrap_or(&[]), |number, value| {
                match number {
                    TEXT => {
                        let text = value.strip_suffix(&[0]).unwrap_or(value);
                        refusal.text = Some(String::from_utf8_lossy(text).into_owned());
                    }
                    OFFSET | MISSING_IN => {
                        refusal.offset = Some(attribute::number(value)?.try_into().ok()?);
                    }
                    _ => (),
                }
                Some(())
            })?;
        }
        Ok(Some(refusal))
    }

    fn error(&self) -> io::Error {
        io::Error::from_raw_os_error(self.errno)
    }

    /// Whether it is because the program may not.
    pub fn is_forbidden(&self) -> bool {
        self.error().kind() == ErrorKind::PermissionDenied
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => f.write_str(text),
            None => write!(f, "{}", self.error()),
        }
    }
}

/// What the kernel refuses a request of the family's with.
pub(crate) fn refused(error: io::Error) -> Failure {
    match error.kind() {
        ErrorKind::PermissionDenied => {
            Failure::new("not permitted: needs CAP_NET_ADMIN in the network namespace, as root has")
        }
        // Of the family's number.
        ErrorKind::NotFound => Failure::new("the module was unloaded"),
        _ => error.into(),
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match &refusal.text {
            Some(text) if !refusal.is_forbidden() => {
                Self::new(format!("the kernel refuses: {text}"))
            }
            _ => refused(refusal.error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netlink_packet_core::NLMSG_DONE;

    #[test]
    fn a_refusal_says_what_and_where() {
        let code = (-22i32).to_ne_bytes();
        let mut more = attribute::made(TEXT, b"rule 3: why\0");
        attribute::put(&mut more, OFFSET, &44u32.to_ne_bytes());
        let error = [&code[..], &[0; HEADER], &more].concat();
        for (body, kind) in [
            (&error, NLMSG_ERROR),
            (&[&code[..], &more].concat(), NLMSG_DONE),
        ] {
            let refusal = Refusal::of(body, NLM_F_ACK_TLVS, kind).unwrap().unwrap();
            assert_eq!(
                (refusal.errno, refusal.offset, refusal.to_string().as_str()),
                (22, Some(44), "rule 3: why")
            );
            assert_eq!(
                Failure::from(refusal).to_string(),
                "the kernel refuses: rule 3: why"
            );
        }
        let refusal = Refusal::of(&error, 0, NLMSG_ERROR).unwrap().unwrap();
        assert!(refusal.to_string().starts_with("Invalid argument"));
        assert_eq!(Refusal::of(&[0; 20], 0, NLMSG_ERROR).unwrap(), None);
        assert!(Refusal::of(&[0; 3], 0, NLMSG_ERROR).is_err());
        assert_eq!(Refusal::of(&[], 0, NLMSG_DONE).unwrap(), None);
    }

    #[test]
    fn who_may_not_hears_what_it_takes() {
        for errno in [1, 13] {
            let text = Some("no".into());
            let refusal = Refusal {
                errno,
                text,
                ..Refusal::default()
            };
            assert!(Failure::from(refusal).to_string().contains("CAP_NET_ADMIN"));
        }
    }
}
