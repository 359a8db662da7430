//! Every target is given its seeds and some thousand changes of them, the same on every run.

use fuzzing::dice::Dice;
use fuzzing::mutate::mutate;
use fuzzing::{TARGETS, Target};

/// How many inputs each target gets.
const INPUTS: usize = 2_000;

/// The longest input.
const LONGEST: usize = 4_096;

fn try_out(target: &Target) {
    let mut kept = (target.seeds)();
    assert!(!kept.is_empty(), "`{}` has no seeds", target.name);
    for seed in &kept {
        (target.read)(seed);
    }
    let mut dice = Dice::new(target.name.len() as u64);
    for _ in 0..INPUTS {
        let from = dice.below(kept.len());
        let input = mutate(&kept[from], target.words, &mut dice, LONGEST);
        (target.read)(&input);
        // What came out of one change is changed once more now and then.
        if dice.once_in(8) && !input.is_empty() {
            kept.push(input);
        }
    }
}

#[test]
fn whatever_is_read_is_read_or_refused() {
    std::thread::scope(|scope| {
        for target in TARGETS {
            scope.spawn(|| try_out(target));
        }
    });
}

#[test]
fn each_seed_is_small() {
    for target in TARGETS {
        for seed in (target.seeds)() {
            assert!(
                seed.len() < 32 * 1024,
                "`{}` has a seed of {} bytes",
                target.name,
                seed.len()
            );
        }
    }
}
