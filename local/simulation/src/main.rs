//! `simulate`: plays many schedules, and tells the story of the first that breaks a rule, as plainly as it can be had.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use simulation::{Figures, Played, Tape, Violation, play, shrink};

/// How many stories of one rule are told where all rules are.
const STORIES: usize = 2;

const USAGE: &str =
    "simulate [--schedules N] [--seed S] [--threads T] [--story] [--tape FILE] [--keep-going] [--first]";

/// What is asked for on the command line.
struct Wanted {
    schedules: u64,
    seed: u64,
    threads: usize,
    story: bool,
    keep_going: bool,
    /// Whether only the first seed that breaks a rule is wanted, without its story.
    first: bool,
    tape: Option<String>,
}

impl Wanted {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut wanted = Self {
            schedules: 1,
            seed: 0,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            story: false,
            keep_going: false,
            first: false,
            tape: None,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            let number = |text: String| text.parse().map_err(|_| format!("{text} is no number"));
            match argument.as_str() {
                "--schedules" => wanted.schedules = number(value()?)?,
                "--seed" => wanted.seed = number(value()?)?,
                "--threads" => wanted.threads = usize::try_from(number(value()?)?).unwrap_or(1).max(1),
                "--story" => wanted.story = true,
                "--first" => wanted.first = true,
                "--keep-going" => wanted.keep_going = true,
                "--tape" => wanted.tape = Some(value()?),
                _ => return Err(USAGE.to_owned()),
            }
        }
        Ok(wanted)
    }
}

fn main() -> ExitCode {
    let wanted = match Wanted::read(std::env::args().skip(1)) {
        Ok(wanted) => wanted,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    if let Some(file) = &wanted.tape {
        return match read_tape(file) {
            Ok(tape) => tell(&play(Tape::recorded(tape), true)),
            Err(error) => {
                eprintln!("{file}: {error}");
                ExitCode::from(2)
            }
        };
    }
    if wanted.story && wanted.schedules == 1 {
        return tell(&play(Tape::seeded(wanted.seed), true));
    }
    play_many(&wanted)
}

fn read_tape(file: &str) -> Result<Vec<u32>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    text.split_whitespace()
        .map(|number| number.parse().map_err(|_| format!("`{number}` is no choice")))
        .collect()
}

fn tell(played: &Played) -> ExitCode {
    for line in &played.story {
        println!("{line}");
    }
    match &played.violation {
        None => ExitCode::SUCCESS,
        Some(violation) => {
            println!("\nbroken: {}\n        {}", violation.rule, violation.what);
            ExitCode::FAILURE
        }
    }
}

/// What all threads have found.
#[derive(Default)]
struct Found {
    figures: Figures,
    broken: BTreeMap<u64, Violation>,
}

fn play_many(wanted: &Wanted) -> ExitCode {
    let (next, found) = (AtomicU64::new(0), Mutex::new(Found::default()));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..wanted.threads {
            scope.spawn(|| {
                let mut figures = Figures::default();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= wanted.schedules {
                        break;
                    }
                    let seed = wanted.seed + number;
                    let played = play(Tape::seeded(seed), false);
                    figures.merge(&played.figures);
                    if let Some(violation) = played.violation {
                        found
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .broken
                            .insert(seed, violation);
                        if !wanted.keep_going {
                            next.store(wanted.schedules, Ordering::Relaxed);
                        }
                    }
                }
                found
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .figures
                    .merge(&figures);
            });
        }
    });
    let took = began.elapsed().as_secs_f64();
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    print!("{}", found.figures);
    let schedules = found.figures.of("schedules");
    println!(
        "{schedules} schedules from seed {} in {took:.1} s: {:.0} a second",
        wanted.seed,
        schedules as f64 / took
    );
    if found.broken.is_empty() {
        println!("no rule was broken");
        return ExitCode::SUCCESS;
    }
    if let Some((seed, violation)) = found.broken.first_key_value() {
        println!("first broken by seed {seed}: {}", violation.rule);
    }
    if !wanted.first {
        report(&found.broken, wanted.keep_going);
    }
    ExitCode::FAILURE
}

/// Tells the plainest story of each rule that was broken.
fn report(broken: &BTreeMap<u64, Violation>, all: bool) {
    let mut rules: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (seed, violation) in broken {
        rules.entry(violation.rule).or_default().push(*seed);
    }
    for (rule, seeds) in &rules {
        println!(
            "\nbroken by {} seeds, such as {:?}: {rule}",
            seeds.len(),
            &seeds[..seeds.len().min(5)]
        );
    }
    let (rules_told, seeds_told) = if all { (usize::MAX, STORIES) } else { (1, 1) };
    let stories = rules
        .iter()
        .take(rules_told)
        .flat_map(|(rule, seeds)| seeds.iter().take(seeds_told).map(move |seed| (*rule, *seed)));
    for (rule, seed) in stories {
        let breaks = |played: &Played| {
            played
                .violation
                .as_ref()
                .is_some_and(|violation| violation.rule == rule)
        };
        let tape = shrink(play(Tape::seeded(seed), false).tape, breaks);
        println!(
            "\n--- {rule}\n    seed {seed}: cargo run --profile simulation --bin simulate -- --story --seed {seed}"
        );
        tell(&play(Tape::recorded(tape.clone()), true));
        let text: Vec<String> = tape.iter().map(u32::to_string).collect();
        let file = format!("target/simulation-{seed}.tape");
        let line = text.join(" ");
        match std::fs::write(&file, &line) {
            Ok(()) => println!("the plainest tape: cargo run --profile simulation --bin simulate -- --tape {file}"),
            Err(error) => println!("the plainest tape ({file} cannot be written: {error}): {line}"),
        }
    }
}
