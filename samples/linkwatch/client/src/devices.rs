// SPDX-License-Identifier: GPL-2.0

//! The devices that are asked for.

use std::collections::HashSet;

use crate::message::Fields;

struct Device {
    name: String,
    index: u32,
}

/// One that is not there any more, and whether that is certain.
struct Gone {
    device: Device,
    certain: bool,
}

/// The devices that are asked for by name: all, if none is.
#[derive(Default)]
pub(crate) struct Devices {
    left: Vec<Device>,
    gone: Vec<Gone>,
}

impl Devices {
    /// Adds a device.
    pub(crate) fn add(&mut self, name: &str, index: u32) {
        self.left.push(Device {
            name: name.into(),
            index,
        });
    }

    pub(crate) fn are_all(&self) -> bool {
        self.left.is_empty() && self.gone.is_empty()
    }

    /// Those that are left.
    pub(crate) fn indexes(&self) -> Vec<u32> {
        self.left.iter().map(|device| device.index).collect()
    }

    /// Whether what is about the device with an index is asked for.
    pub(crate) fn have(&self, index: u64) -> bool {
        self.are_all()
            || self
                .left
                .iter()
                .any(|device| u64::from(device.index) == index)
    }

    /// Lets go of the devices that `is_gone` says.
    fn lose(&mut self, is_gone: impl Fn(u32) -> bool, certain: bool) {
        let (gone, left) = std::mem::take(&mut self.left)
            .into_iter()
            .partition(|device| is_gone(device.index));
        self.left = left;
        let gone: Vec<Device> = gone;
        self.gone
            .extend(gone.into_iter().map(|device| Gone { device, certain }));
    }

    /// Takes in which devices there are by a snapshot.
    pub(crate) fn snapshot(&mut self, there: &HashSet<u64>) {
        self.lose(|index| !there.contains(&index.into()), true);
    }

    /// Takes in an event about a device; `is_there` asks the kernel whether an index is used.
    ///
    /// The module unregisters all devices, as it says, when it is unloaded. Then a device is there
    /// nevertheless, and it is said next that the module has gone. If the index is used by another device,
    /// that is told next.
    pub(crate) fn event(&mut self, told: &Fields<'_>, is_there: impl Fn(u32) -> bool) {
        let Some(index) = told
            .number("ifindex")
            .and_then(|index| u32::try_from(index).ok())
        else {
            return;
        };
        match told.name("event") {
            Some("unregister") if self.left.iter().any(|device| device.index == index) => {
                self.lose(|gone| gone == index, !is_there(index));
            }
            Some("register") => {
                let again = |gone: &&mut Gone| gone.device.index == index;
                for gone in self.gone.iter_mut().filter(again) {
                    gone.certain = true;
                }
            }
            _ => (),
        }
    }

    /// The device that went last, if none is left.
    pub(crate) fn last(&self) -> Option<&str> {
        if !self.left.is_empty() || !self.gone.iter().all(|gone| gone.certain) {
            return None;
        }
        self.gone.last().map(|gone| gone.device.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::KINDS;

    fn devices() -> Devices {
        let mut devices = Devices::default();
        devices.add("d0", 5);
        devices.add("d1", 6);
        devices
    }

    /// Takes in an event: 1 is `register`, 2 `unregister`.
    fn event(devices: &mut Devices, index: u32, event: u32, is_there: bool) {
        let mut bytes = Vec::new();
        for (number, value) in [(3u16, event), (4, index)] {
            bytes.extend(8u16.to_ne_bytes());
            bytes.extend(number.to_ne_bytes());
            bytes.extend(value.to_ne_bytes());
        }
        let told = Fields::parse(&bytes, KINDS[0].attributes).unwrap();
        devices.event(&told, |_| is_there);
    }

    #[test]
    fn none_is_left_when_the_last_has_gone() {
        let mut devices = devices();
        event(&mut devices, 5, 2, false);
        assert_eq!(
            (devices.last(), devices.have(5), devices.have(6)),
            (None, false, true)
        );
        event(&mut devices, 7, 2, false);
        assert_eq!(devices.last(), None);
        event(&mut devices, 6, 2, false);
        assert_eq!(devices.last(), Some("d1"));
        assert!(!devices.are_all() && !devices.have(7));
    }

    #[test]
    fn one_that_is_there_nevertheless_is_gone_when_another_has_its_index() {
        let mut devices = devices();
        event(&mut devices, 5, 2, false);
        event(&mut devices, 6, 2, true);
        assert_eq!((devices.last(), devices.have(6)), (None, false));
        event(&mut devices, 6, 1, true);
        assert_eq!((devices.last(), devices.have(6)), (Some("d1"), false));
    }

    #[test]
    fn what_a_snapshot_lacks_is_gone() {
        let mut devices = devices();
        devices.snapshot(&HashSet::from([1, 6]));
        assert_eq!((devices.last(), devices.indexes()), (None, vec![6]));
        devices.snapshot(&HashSet::from([1]));
        assert_eq!(devices.last(), Some("d1"));
    }
}
