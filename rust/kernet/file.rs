// SPDX-License-Identifier: GPL-2.0

//! What files have in common: settings, files of `/proc/net` and of debugfs.

/// Who may read and write a file (`umode_t`).
///
/// The owner of a file of a namespace is root of the user namespace that owns the network namespace; of any
/// other file it is root. `CAP_DAC_OVERRIDE` of the host has what the owner has.
#[doc(alias = "umode_t")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everybody reads, nobody writes: 0444.
    ReadOnly,
    /// Everybody reads, the owner writes: 0644.
    ReadWrite,
    /// The owner reads, nobody writes: 0400.
    OwnerReadOnly,
    /// The owner reads and writes: 0600.
    OwnerReadWrite,
}

impl Mode {
    /// The bits of the mode (`S_IRUGO`).
    #[doc(alias = "S_IRUGO")]
    pub const fn bits(self) -> u16 {
        match self {
            Mode::ReadOnly => 0o444,
            Mode::ReadWrite => 0o644,
            Mode::OwnerReadOnly => 0o400,
            Mode::OwnerReadWrite => 0o600,
        }
    }

    /// Whether anybody may write (`S_IWUGO`).
    #[doc(alias = "S_IWUGO")]
    pub const fn is_writable(self) -> bool {
        matches!(self, Mode::ReadWrite | Mode::OwnerReadWrite)
    }
}

/// The most bytes that a name of a file or a folder has.
pub(crate) const MAX_NAME: usize = 63;

/// Whether a name can be that of a file: 1 to 63 bytes without a slash, not `.` or `..`.
pub(crate) const fn is_name(name: &[u8]) -> bool {
    let mut rest = name;
    while let [byte, next @ ..] = rest {
        if *byte == b'/' {
            return false;
        }
        rest = next;
    }
    name.len() <= MAX_NAME && !matches!(name, b"" | b"." | b"..")
}

/// Whether two names are the same.
pub(crate) const fn same_name(mut one: &[u8], mut other: &[u8]) -> bool {
    while let ([a, one_rest @ ..], [b, other_rest @ ..]) = (one, other) {
        if *a != *b {
            return false;
        }
        (one, other) = (one_rest, other_rest);
    }
    one.is_empty() && other.is_empty()
}
