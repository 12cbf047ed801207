// SPDX-License-Identifier: GPL-2.0

//! Statistics with a name, as `ethtool -S` shows them.

use crate::bindings;

/// A set of statistics that `ethtool -S` shows. [`stats!`](crate::stats!) implements it.
///
/// # Examples
///
/// ```
/// use kernet::ethtool::Stats;
///
/// #[derive(Default)]
/// struct Counters {
///     resets: u64,
///     overruns: u64,
/// }
///
/// impl Stats for Counters {
///     const NAMES: &'static [&'static str] = &["resets", "rx_overruns"];
///
///     fn write(&self, to: &mut [u64]) {
///         for (to, value) in to.iter_mut().zip([self.resets, self.overruns]) {
///             *to = value;
///         }
///     }
/// }
/// ```
#[doc(alias = "ETH_SS_STATS")]
pub trait Stats: Default {
    /// The names of the statistics (`get_strings()`).
    #[doc(alias = "get_strings")]
    const NAMES: &'static [&'static str];

    /// Writes the values in the order of the names, as many as fit into `to`
    /// (`get_ethtool_stats()`).
    #[doc(alias = "get_ethtool_stats")]
    fn write(&self, to: &mut [u64]);
}

impl Stats for () {
    const NAMES: &'static [&'static str] = &[];

    fn write(&self, _: &mut [u64]) {}
}

/// Declares statistics: a struct of `u64`, each with the name that `ethtool -S` shows.
///
/// A device's own have names of at most 31 bytes, those of queues of at most 16: longer ones do
/// not build.
#[macro_export]
macro_rules! stats {
    (
        $(#[$attr:meta])*
        $vis:vis struct $type:ident {
            $($(#[$field_attr:meta])* $field:ident = $name:literal),+ $(,)?
        }
    ) => {
        $(#[$attr])*
        #[derive(Default)]
        $vis struct $type {
            $($(#[$field_attr])* $vis $field: u64),+
        }

        const _: () = $crate::ethtool::check_names(
            <$type as $crate::ethtool::Stats>::NAMES,
            $crate::ethtool::NAME_MAX,
        );

        impl $crate::ethtool::Stats for $type {
            const NAMES: &'static [&'static str] = &[$($name),+];

            fn write(&self, to: &mut [u64]) {
                for (to, value) in to.iter_mut().zip([$(self.$field),+]) {
                    *to = value;
                }
            }
        }
    };
}

/// The longest name that `ethtool -S` shows, in bytes (`ETH_GSTRING_LEN`).
#[doc(alias = "ETH_GSTRING_LEN")]
pub const NAME_MAX: usize = bindings::ETH_GSTRING_LEN as usize - 1;

/// Refuses, when it is compiled, names of more than `max` bytes.
#[doc(hidden)]
pub const fn check_names(mut names: &[&str], max: usize) {
    while let [name, rest @ ..] = names {
        assert!(
            !name.is_empty() && name.len() <= max,
            "the name of a statistic is empty or too long"
        );
        names = rest;
    }
}
