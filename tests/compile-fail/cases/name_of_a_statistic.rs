// SPDX-License-Identifier: GPL-2.0
// error: the name of a statistic is empty or too long

//! A statistic with a longer name than `ethtool -S` shows.

#![forbid(unsafe_code)]

kernet::stats! {
    /// One.
    pub struct Stats {
        packets = "packets_that_nobody_will_ever_see",
    }
}
