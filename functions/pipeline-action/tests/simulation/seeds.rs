//! Every seed's schedule, each for both ways to wait, and the figures that came out.
//!
//! `SEED=33` plays one schedule again, and `SEEDS=100000` as many as that: `--nocapture` shows the figures.

use crate::schedule::{Figures, Schedule, Way};

const SEEDS: u64 = 1_000;

fn play(way: Way) {
    let number = |name: &str| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    let one = number("SEED");
    let seeds = one.map_or(0..number("SEEDS").unwrap_or(SEEDS), |seed| seed..seed + 1);
    let mut sum = Figures::default();
    for seed in seeds {
        let mut schedule = Schedule::new(seed, way);
        if let Err(fault) = schedule.play() {
            panic!("seed {seed}, {way:?}: {fault}\n{}", schedule.story.join("\n"));
        }
        let figures = schedule.figures;
        sum.invocations += figures.invocations;
        sum.killed += figures.killed;
        sum.lost += figures.lost;
        sum.duplicated += figures.duplicated;
        sum.attempts += figures.attempts;
        sum.answers += figures.answers;
        sum.stops += figures.stops;
    }
    println!("{way:?}: {sum:?}");
    if one.is_none() {
        // The schedules are worth something: everything happens in them.
        for figure in [sum.killed, sum.lost, sum.duplicated, sum.stops] {
            assert!(figure > 100, "{sum:?}");
        }
        assert!(sum.attempts > 1_000 && sum.answers > 500, "{sum:?}");
    }
}

#[test]
fn a_thousand_schedules_of_polling() {
    play(Way::Polling);
}

#[test]
fn a_thousand_schedules_of_events() {
    play(Way::Event);
}
