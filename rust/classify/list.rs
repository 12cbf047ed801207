// SPDX-License-Identifier: GPL-2.0

//! A list that grows, for the time of building.

use super::{
    Memory,
    NoMemory, //
};

/// A list in memory that may be refused.
pub(super) struct List<T: Copy + Send + Sync + 'static, M: Memory> {
    items: M::Array<T>,
    len: usize,
}

impl<T: Copy + Send + Sync + 'static, M: Memory> List<T, M> {
    /// An empty one with room for so many; `value` fills it.
    pub(super) fn new(room: usize, value: T) -> Result<Self, NoMemory> {
        Ok(Self {
            items: M::array(room, value)?,
            len: 0,
        })
    }

    pub(super) fn push(&mut self, item: T) -> Result<(), NoMemory> {
        if self.len == self.items.len() {
            let room = self.len.saturating_mul(2).max(8);
            let mut items = M::array(room, item)?;
            copy(&mut items, &self.items);
            self.items = items;
        }
        if let Some(place) = self.items.get_mut(self.len) {
            *place = item;
            self.len = self.len.saturating_add(1);
        }
        Ok(())
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        let last = *self.as_slice().last()?;
        self.len = self.len.saturating_sub(1);
        Some(last)
    }

    pub(super) fn extend(&mut self, items: &[T]) -> Result<(), NoMemory> {
        items.iter().try_for_each(|item| self.push(*item))
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    pub(super) fn as_slice(&self) -> &[T] {
        self.items.get(..self.len).unwrap_or(&[])
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [T] {
        self.items.get_mut(..self.len).unwrap_or(&mut [])
    }

    /// In as much memory as it needs.
    pub(super) fn finish(self, value: T) -> Result<M::Array<T>, NoMemory> {
        if self.len == self.items.len() {
            return Ok(self.items);
        }
        let mut items = M::array(self.len, value)?;
        copy(&mut items, &self.items);
        Ok(items)
    }
}

/// Copies as many as both have.
pub(super) fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
