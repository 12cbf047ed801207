// SPDX-License-Identifier: GPL-2.0

//! Netlink attributes: policies, parsed requests, messages.
//!
//! C header: [`include/net/netlink.h`](srctree/include/net/netlink.h)
//!
//! The kernel validates a request against a [`Table`] of policies before any code of a module sees
//! it. Validation is strict: unknown attributes, wrong lengths and values out of range are refused,
//! and the extended ack points at the attribute. A module checks only what policies cannot express,
//! and refuses it by [`ExtAck`].

use kernel::prelude::*;

mod attr;
mod extack;
mod policy;
mod value;
mod writer;

pub use attr::{
    Attr,
    Attrs,
    Iter,
    Nest,
    View, //
};
pub use extack::ExtAck;
pub use policy::{
    Policies,
    Policy,
    Range,
    SignedRange,
    Table,
    TYPES, //
};
#[doc(hidden)]
pub(crate) use value::{
    check_header,
    copy,
    HEADER_MAX, //
};
pub use value::{
    put,
    take, //
};
pub use value::{
    Be,
    Bitfield32,
    Enum,
    Value, //
};
pub use writer::{
    total_size,
    Array,
    Builder,
    Writer, //
};

#[kunit_tests(kernet_nlattr)]
mod tests {
    use super::*;
    use crate::context::{
        kunit::process,
        Process, //
    };

    static TABLE: Table<5> = Table::new(&[
        (1, Policy::U32.range(1, 9)),
        (2, Policy::exact(4)),
        (3, Policy::string(8)),
        (4, Policy::between(2, 6)),
    ]);

    #[test]
    fn nested_attributes_are_read_back() {
        let read = process(|process| -> Result<(Option<u32>, Option<[u8; 4]>, usize)> {
            Writer::scratch(process, 512, |writer| {
                writer.nest(7, |nest| {
                    nest.put_u32(1, 5)?;
                    nest.put(2, &[1, 2, 3, 4])?;
                    nest.put(3, b"name\0")
                })
            })?
            .with(|attr| {
                let nest = attr.nested(&TABLE, ExtAck::NONE)?;
                Ok((
                    nest.attrs().u32(1),
                    nest.get(2).and_then(|attr| attr.array()),
                    nest.get(3).map_or(0, |attr| attr.string().len()),
                ))
            })
        });
        assert!(matches!(read, Some(Ok((Some(5), Some([1, 2, 3, 4]), 4)))));
    }

    #[test]
    fn a_string_ends_with_its_nul() {
        let read = process(|process| -> Result<[u8; 5]> {
            Writer::scratch(process, 512, |writer| writer.put_string(3, b"name"))?
                .with(|attr| attr.array().ok_or(EINVAL))
        });
        assert_eq!(read, Some(Ok(*b"name\0")));
        static LONG: [u8; 2048] = [b'x'; 2048];
        let refused = process(|process| {
            Writer::scratch(process, 512, |writer| writer.put_string(3, &LONG)).map(|_| ())
        });
        assert_eq!(refused, Some(Err(EMSGSIZE)));
    }

    #[test]
    fn policies_refuse() {
        fn refused(fill: fn(&mut Writer<'_>) -> Result) -> bool {
            let result = process(|process| {
                Writer::scratch(process, 512, |writer| writer.nest(7, fill))?
                    .with(|attr| attr.nested(&TABLE, ExtAck::NONE).map(|_| ()))
            });
            result.is_none_or(|result| result.is_err())
        }
        assert!(!refused(|w| w.put_u32(1, 9)));
        assert!(refused(|w| w.put_u32(1, 10)));
        assert!(refused(|w| w.put_u32(1, 0)));
        assert!(refused(|w| w.put_u8(1, 1)));
        assert!(refused(|w| w.put(2, &[1, 2, 3])));
        assert!(refused(|w| w.put(3, b"much too long\0")));
        for (len, wanted) in [(1, true), (2, false), (6, false), (7, true)] {
            let result = process(|process| {
                Writer::scratch(process, 512, |writer| {
                    writer.nest(7, |nest| nest.put(4, [0; 8].get(..len).unwrap_or_default()))
                })?
                .with(|attr| attr.nested(&TABLE, ExtAck::NONE).map(|_| ()))
            });
            assert_eq!(result.map(|result| result.is_err()), Some(wanted));
        }
        assert!(refused(|w| w.put_u32(5, 1)));
    }

    #[test]
    fn a_nest_that_fails_leaves_nothing() {
        let len = process(|process| {
            Writer::scratch(process, 512, |writer| {
                let _ = writer.nest(7, |nest| {
                    nest.put_u32(1, 5)?;
                    Err(EINVAL)
                });
                Ok(())
            })
            .map(|message| message.len())
        });
        assert!(matches!(len, Some(Ok(0))));
    }

    #[test]
    fn a_nest_whose_length_does_not_fit_is_refused() {
        static PART: [u8; 8188] = [0; 8188];
        fn put(process: Process<'_>, parts: usize, last: usize) -> Result<u32> {
            Writer::scratch(process, 80000, |writer| {
                writer.nest(7, |nest| {
                    (0..parts).try_for_each(|_| nest.put(1, &PART))?;
                    nest.put(2, PART.get(..last).unwrap_or_default())
                })
            })
            .map(|message| message.len())
        }
        // With the headers, 65532 bytes are the most that are a multiple of 4.
        assert_eq!(process(|process| put(process, 7, 8180)), Some(Ok(65532)));
        assert_eq!(
            process(|process| put(process, 7, 8184)),
            Some(Err(EMSGSIZE))
        );
        assert_eq!(process(|process| put(process, 8, 0)), Some(Err(EMSGSIZE)));
    }
}
