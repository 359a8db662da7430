//! A list whose places are used again. Runs and threads are known by their numbers in such lists. The engine looks them
//! up all the time, so these functions are inlined.

use std::ops::{Index, IndexMut};

/// Values by number. A number is given anew once its value was taken away.
#[derive(Debug)]
pub(super) struct Slots<T> {
    values: Vec<Option<Box<T>>>,
    free: Vec<usize>,
}

impl<T> Slots<T> {
    pub(super) fn with_capacity(capacity: usize) -> Slots<T> {
        Slots {
            values: Vec::with_capacity(capacity),
            free: Vec::new(),
        }
    }

    /// Puts a value into a free place, and gives its number.
    #[inline]
    pub(super) fn insert(&mut self, value: Box<T>) -> usize {
        let value = Some(value);
        match self.free.pop() {
            Some(number) => {
                self.values[number] = value;
                number
            }
            None => {
                self.values.push(value);
                self.values.len() - 1
            }
        }
    }

    #[inline]
    pub(super) fn take(&mut self, number: usize) -> Option<Box<T>> {
        let value = self.values[number].take()?;
        self.free.push(number);
        Some(value)
    }

    #[inline]
    pub(super) fn get(&self, number: usize) -> Option<&T> {
        self.values.get(number)?.as_deref()
    }

    /// All numbers that there ever were.
    pub(super) fn numbers(&self) -> std::ops::Range<usize> {
        0..self.values.len()
    }
}

/// The value of a number that is known to have one.
impl<T> Index<usize> for Slots<T> {
    type Output = T;

    #[inline]
    #[expect(
        clippy::expect_used,
        reason = "a number without a value is a bug of the engine, and there is nothing to go on with"
    )]
    fn index(&self, number: usize) -> &T {
        self.values[number].as_deref().expect("the value is there")
    }
}

impl<T> IndexMut<usize> for Slots<T> {
    #[inline]
    #[expect(
        clippy::expect_used,
        reason = "a number without a value is a bug of the engine, and there is nothing to go on with"
    )]
    fn index_mut(&mut self, number: usize) -> &mut T {
        self.values[number].as_deref_mut().expect("the value is there")
    }
}
