//! From a schedule that breaks a rule to the plainest one that breaks the same.
//!
//! Choices are left out, in ever shorter spans, then set to 0, then made smaller, for as long as the same rule is broken.
//! Whatever a choice was about, this leads to fewer faults, fewer people and fewer deliveries.

use crate::choices::Tape;
use crate::schedule::play;

/// The most schedules that are played to find a plainer one.
const MOST_TRIES: usize = 6_000;

/// The plainest tape found that breaks the same rule.
#[must_use]
pub fn shrink(tape: Vec<u32>, rule: &str) -> Vec<u32> {
    let mut search = Search {
        best: tape,
        rule,
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

struct Search<'a> {
    best: Vec<u32>,
    rule: &'a str,
    tries: usize,
}

impl Search<'_> {
    /// Takes a tape if it breaks the rule, too, and is plainer.
    fn try_tape(&mut self, mut tape: Vec<u32>) -> bool {
        if self.tries >= MOST_TRIES {
            return false;
        }
        self.tries += 1;
        while tape.last() == Some(&0) {
            tape.pop();
        }
        let weight = |tape: &[u32]| (tape.len(), tape.iter().map(|choice| u64::from(*choice)).sum::<u64>());
        if weight(&tape) >= weight(&self.best) {
            return false;
        }
        let played = play(Tape::recorded(tape.clone()), false);
        let breaks = played.violation.is_some_and(|violation| violation.rule == self.rule);
        if breaks {
            // What was not read any more has no part in it.
            tape.truncate(played.tape.len());
            self.best = tape;
        }
        breaks
    }

    fn leave_out(&mut self) {
        let mut span = self.best.len() / 2;
        while span > 0 {
            let mut at = 0;
            while at < self.best.len() {
                let mut tape = self.best.clone();
                tape.drain(at..(at + span).min(tape.len()));
                if !self.try_tape(tape) {
                    at += span;
                }
            }
            span /= 2;
        }
    }

    fn set_to_zero(&mut self) {
        let mut span = 8;
        while span > 0 {
            let mut at = 0;
            while at < self.best.len() {
                let end = (at + span).min(self.best.len());
                if self.best[at..end].iter().any(|choice| *choice > 0) {
                    let mut tape = self.best.clone();
                    tape[at..end].fill(0);
                    self.try_tape(tape);
                }
                at += span;
            }
            span /= 2;
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
