//! All that is left to chance in a schedule, on one tape: drawn from a seed and written down, or read back.
//!
//! A choice is a number below a limit, and 0 is always the plainest outcome: no fault, no delay, the first that is ready,
//! a person who does nothing. So a tape is made simpler by leaving choices out or making them smaller, whatever they were
//! about; and one that ends goes on with zeros. Hypothesis shrinks its test cases in the same way:
//! <https://drmaciver.github.io/papers/reduction-via-generation-preview.pdf>

use std::time::Duration;

/// The choices of one schedule, in the order in which they are made.
#[derive(Debug, Clone)]
pub struct Tape {
    source: Source,
    made: Vec<u32>,
}

#[derive(Debug, Clone)]
enum Source {
    Seed(u64),
    Recorded(Vec<u32>),
}

impl Tape {
    /// Choices that are drawn from a seed: the same for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self {
            source: Source::Seed(seed),
            made: Vec::new(),
        }
    }

    /// Choices that were made before, and then zeros.
    #[must_use]
    pub fn recorded(choices: Vec<u32>) -> Self {
        Self {
            source: Source::Recorded(choices),
            made: Vec::new(),
        }
    }

    /// The choices made so far.
    #[must_use]
    pub fn made(&self) -> &[u32] {
        &self.made
    }

    /// A number below `limit`; nothing is drawn where there is nothing to choose.
    pub fn choose(&mut self, limit: u32) -> u32 {
        if limit < 2 {
            return 0;
        }
        let choice = match &mut self.source {
            Source::Seed(state) => (next(state) % u64::from(limit)) as u32,
            // A tape that was changed may bring a number that is too large here.
            Source::Recorded(choices) => choices.get(self.made.len()).copied().unwrap_or(0).min(limit - 1),
        };
        self.made.push(choice);
        choice
    }

    /// Whether something happens that does so in so many of a thousand cases.
    pub fn rarely(&mut self, permille: u32) -> bool {
        permille > 0 && self.choose(1000) >= 1000 - permille.min(999)
    }

    /// One of some, of which the first is the plainest.
    pub fn pick<T: Copy>(&mut self, some: &[T]) -> T {
        some[self.choose(u32::try_from(some.len()).unwrap_or(u32::MAX)) as usize]
    }

    /// So many seconds, at least `least` and below `least + span`.
    pub fn seconds(&mut self, least: u64, span: u32) -> Duration {
        Duration::from_secs(least + u64::from(self.choose(span)))
    }
}

/// SplitMix64: neighbouring seeds are nothing alike. <https://prng.di.unimi.it/splitmix64.c>
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_made_again() {
        let mut tape = Tape::seeded(7);
        let first: Vec<u32> = (2..50).map(|limit| tape.choose(limit)).collect();
        let mut again = Tape::recorded(tape.made().to_vec());
        let second: Vec<u32> = (2..50).map(|limit| again.choose(limit)).collect();
        assert_eq!(first, second);
        assert_eq!(again.choose(9), 0, "a tape that ends goes on with zeros");
        assert_eq!(Tape::recorded(vec![900]).choose(3), 2);
    }

    #[test]
    fn nothing_is_drawn_where_there_is_nothing_to_choose() {
        let mut tape = Tape::seeded(7);
        assert_eq!((tape.choose(1), tape.rarely(0), tape.made().len()), (0, false, 0));
    }

    #[test]
    fn rare_things_happen_about_as_often_as_said() {
        let mut tape = Tape::seeded(1);
        let often = (0..10_000).filter(|_| tape.rarely(50)).count();
        assert!((300..700).contains(&often), "{often}");
    }
}
