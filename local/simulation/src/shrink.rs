//! From a schedule that breaks a rule to the plainest one that breaks the same.
//!
//! Choices are left out, in ever shorter spans, set to 0, and made smaller, for as long as the same rule is broken and the
//! schedule does not get longer. Whatever a choice was about, this leads to fewer faults, fewer people and fewer
//! deliveries.

use crate::choices::Tape;
use crate::schedule::{Played, play};

/// The most schedules that are played to find a plainer one.
const MOST_TRIES: usize = 3_000;
/// Spans up to this length are tried at every place, longer ones one behind the other.
const SHORT: usize = 6;

/// The plainest tape found of which the same is true, such as that it breaks a rule: by as few steps as could be.
#[must_use]
pub fn shrink(tape: Vec<u32>, is_it: impl Fn(&Played) -> bool) -> Vec<u32> {
    let played = play(Tape::recorded(tape.clone()), false);
    let mut search = Search {
        weight: Weight::of(&tape, &played),
        best: tape,
        is_it,
        tries: 0,
    };
    loop {
        let before = search.best.clone();
        search.leave_out();
        search.set_to_zero();
        search.make_smaller();
        if search.best == before || search.tries >= MOST_TRIES {
            return search.best;
        }
    }
}

/// How far a schedule is from the plainest: fewer steps first, then fewer choices, then smaller ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Weight(usize, usize, u64);

impl Weight {
    fn of(tape: &[u32], played: &Played) -> Self {
        Self(
            played.steps,
            tape.len(),
            tape.iter().map(|choice| u64::from(*choice)).sum(),
        )
    }
}

struct Search<F> {
    best: Vec<u32>,
    weight: Weight,
    is_it: F,
    tries: usize,
}

impl<F: Fn(&Played) -> bool> Search<F> {
    /// Takes a tape if it is plainer, and the same is true of it.
    fn try_tape(&mut self, mut tape: Vec<u32>) -> bool {
        if self.tries >= MOST_TRIES {
            return false;
        }
        self.tries += 1;
        let played = play(Tape::recorded(tape.clone()), false);
        // What is not read, and zeros at the end, have no part in it.
        tape.truncate(played.tape.len());
        while tape.last() == Some(&0) {
            tape.pop();
        }
        let weight = Weight::of(&tape, &played);
        let is_plainer = weight < self.weight && (self.is_it)(&played);
        if is_plainer {
            (self.best, self.weight) = (tape, weight);
        }
        is_plainer
    }

    fn leave_out(&mut self) {
        let mut span = self.best.len().next_power_of_two() / 2;
        while span > 0 {
            let mut at = 0;
            while at < self.best.len() {
                let mut tape = self.best.clone();
                tape.drain(at..(at + span).min(tape.len()));
                if !self.try_tape(tape) {
                    at += if span <= SHORT { 1 } else { span / 2 };
                }
            }
            span = if span <= SHORT { span - 1 } else { span / 2 };
        }
    }

    fn set_to_zero(&mut self) {
        for span in [16, 4, 1] {
            for at in 0..self.best.len() {
                let end = (at + span).min(self.best.len());
                let is_something = self
                    .best
                    .get(at..end)
                    .is_some_and(|some| some.iter().any(|choice| *choice > 0));
                if is_something {
                    let mut tape = self.best.clone();
                    tape[at..end].fill(0);
                    self.try_tape(tape);
                }
            }
        }
    }

    fn make_smaller(&mut self) {
        for at in 0..self.best.len() {
            for smaller in [|choice: u32| choice / 2, |choice: u32| choice.saturating_sub(1)] {
                while let Some(choice) = self.best.get(at).copied().filter(|choice| *choice > 0) {
                    let mut tape = self.best.clone();
                    tape[at] = smaller(choice);
                    if !self.try_tape(tape) {
                        break;
                    }
                }
            }
        }
    }
}
