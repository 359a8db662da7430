//! The functions' binaries over the wire, on bad days: `cargo run -p fuzzing --example binaries -- [FOLDER [SEED [FUNCTION]]]`.
//!
//! Of the binaries in FOLDER (`target/debug` unless it is said) each is killed at random moments, gets answers that are
//! lost, cut off, slow, of the wrong type or HTML, and does 10,000 invocations in one process, of which the memory and the
//! descriptors are counted at 1,000 and at 10,000. It ends with an error when an execution starts twice, a job gets two
//! answers, an invocation gets none, or what is counted grows.

mod aws;
mod subject;
mod wire;

use aws::Aws;
use fuzzing::dice::Dice;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use subject::{FUNCTIONS, Function, Usage};
use wire::Faults;

const KILLS: usize = 300;
const BAD_INVOCATIONS: usize = 1_000;
const INVOCATIONS: usize = 10_000;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "target/debug".to_owned()));
    let seed = arguments.next().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let only = arguments.next();
    let mut sound = true;
    for function in FUNCTIONS
        .iter()
        .filter(|function| only.as_ref().is_none_or(|only| only == function.name))
    {
        let binary = folder.join(function.name).to_string_lossy().into_owned();
        let mut dice = Dice::new(seed);
        let killed = kills(function, &binary, &mut dice);
        let faults = bad_wire(function, &binary, seed);
        let (early, late) = endurance(function, &binary);
        println!(
            "{}: killed {killed} times in {KILLS} lives; {faults} faults in {BAD_INVOCATIONS} invocations; \
             {} kB and {} descriptors after 1,000 invocations, {} kB and {} after {INVOCATIONS}",
            function.name, early.kilobytes, early.descriptors, late.kilobytes, late.descriptors
        );
        sound &= late.kilobytes <= early.kilobytes + function.growth && late.descriptors <= early.descriptors;
    }
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Kills processes in the midst of their work, has others do it again as Lambda would, and gives how many were killed
/// before they had answered.
fn kills(function: &Function, binary: &str, dice: &mut Dice) -> usize {
    let aws = Arc::new(Aws::default());
    let mut killed = 0;
    for number in 0..KILLS {
        let process = function.start(binary, &aws, Faults::default());
        // After some calls, and, with the dice's pauses, anywhere between them.
        aws.after(
            dice.below(function.calls + 1),
            std::time::Duration::from_micros(dice.bits() % 3_000),
        );
        process.hand_over(&function.event(number, None));
        aws.wait_for_it();
        killed += usize::from(process.kill().is_none());
        let process = function.start(binary, &aws, Faults::default());
        function.finish(&process, &aws, number);
    }
    aws.check();
    killed
}

/// One process with an unreliable wire; gives how many faults there were.
fn bad_wire(function: &Function, binary: &str, seed: u64) -> usize {
    let (aws, faults) = (Arc::new(Aws::default()), Faults::once_in(10, seed));
    let process = function.start(binary, &aws, faults.clone());
    for number in 0..BAD_INVOCATIONS {
        function.finish(&process, &aws, number);
    }
    aws.check();
    faults.count()
}

/// One process that goes on and on.
fn endurance(function: &Function, binary: &str) -> (Usage, Usage) {
    let aws = Arc::new(Aws::default());
    let process = function.start(binary, &aws, Faults::default());
    let mut early = Usage::default();
    for number in 0..INVOCATIONS {
        // What answers stays small: each event is one job, push or request of its own.
        let _ = process.invoke(&function.event(number, None));
        if number + 1 == 1_000 {
            early = Usage::of(process.id());
        }
    }
    (early, Usage::of(process.id()))
}
