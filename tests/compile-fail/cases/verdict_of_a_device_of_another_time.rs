// SPDX-License-Identifier: GPL-2.0
// error: explicit lifetime required in the type of `device`

//! A receive handler that hands a packet to a device that it has from elsewhere.

#![forbid(unsafe_code)]

use kernet::{
    netdev::{rx_handler::Verdict, Device},
    skb::RxSkb,
};

pub fn another<'a>(skb: RxSkb, device: &Device) -> Verdict<'a> {
    Verdict::Another(skb, device)
}
