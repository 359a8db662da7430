//! The target that `FUZZING_TARGET` names, for libFuzzer: its changes, and ours in turns.

#![no_main]

use fuzzing::Target;
use fuzzing::dice::Dice;
use fuzzing::mutate::mutate;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use std::sync::LazyLock;

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZING_TARGET").unwrap_or_default();
    Target::named(&name).unwrap_or_else(|| panic!("FUZZING_TARGET is `{name}`, which is no target"))
});

fuzz_target!(|data: &[u8]| (TARGET.read)(data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut dice = Dice::new(u64::from(seed));
    if dice.once_in(2) {
        return fuzzer_mutate(data, size, max_size);
    }
    let changed = mutate(&data[..size], TARGET.words, &mut dice, max_size);
    data[..changed.len()].copy_from_slice(&changed);
    changed.len()
});
