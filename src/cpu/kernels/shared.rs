//! A slice that several threads write at places of their own.

#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ops::Range;

/// An exclusively borrowed slice whose elements are handed out to tasks that run at the same time.
pub struct Shared<'a, T> {
    start: *mut T,
    length: usize,
    borrow: PhantomData<&'a mut [T]>,
}

impl<T> Clone for Shared<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Shared<'_, T> {}

// SAFETY: elements are reached only through `part`, whose callers keep them apart.
unsafe impl<T: Send> Send for Shared<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    /// Shares a slice for as long as it is borrowed.
    pub fn new(values: &'a mut [T]) -> Self {
        Self {
            start: values.as_mut_ptr(),
            length: values.len(),
            borrow: PhantomData,
        }
    }

    /// Some of the elements.
    ///
    /// # Safety
    /// Until the returned borrow ends, nobody else may hold a part that overlaps `range`.
    ///
    /// # Panics
    /// When the slice is not that long.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn part(&self, range: Range<usize>) -> &'a mut [T] {
        assert!(
            range.start <= range.end && range.end <= self.length,
            "part of a shared slice"
        );
        // SAFETY: inside the slice by the assertion, which is borrowed for `'a`; apart from all others by the contract.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }

    /// How many elements there are.
    #[inline(always)]
    pub fn length(&self) -> usize {
        self.length
    }

    /// One element, without asking whether there is one.
    ///
    /// # Safety
    /// `index` is less than [`Self::length`], and until the returned borrow ends, nobody else may hold a part that has it.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn one(&self, index: usize) -> &'a mut T {
        debug_assert!(index < self.length, "element of a shared slice");
        // SAFETY: inside the slice, which is borrowed for `'a`, and apart from all others, by the contract.
        unsafe { &mut *self.start.add(index) }
    }
}
