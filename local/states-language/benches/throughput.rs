//! How fast executions run, how that grows, and what a history weighs. Prints a table:
//! `cargo bench -p states-language`, or a part of it: `cargo bench -p states-language -- loop`.

use std::hint::black_box;
use std::time::Instant;

use serde_json::json;
use states_language::{Execution, StartOptions, StateMachine, Status, Timestamp};

/// Each measurement is the best of this many.
const ROUNDS: usize = 5;

fn main() {
    // `cargo test --benches` only wants to know that it starts.
    let is_test = std::env::args().any(|argument| argument == "--test");
    let scale = if is_test { 100 } else { 1 };
    println!("{:<44} {:>12} {:>16} {:>14}", "", "time", "rate", "memory");
    single_pass(10_000 / scale);
    for iterations in [1_000, 10_000, 100_000] {
        counting_loop(iterations / scale, Count::Intrinsic);
    }
    counting_loop(1_000 / scale, Count::Jsonata);
    for items in [1_000, 10_000, 100_000] {
        map(items / scale, "INLINE");
        map(items / scale, "DISTRIBUTED");
    }
    for states in [10, 100, 1_000] {
        chain(states);
    }
    for what in Carried::ALL {
        carry(1_000 / scale, what, 10);
        carry(1_000 / scale, what, 250_000);
    }
}

#[derive(Clone, Copy)]
enum Count {
    Intrinsic,
    Jsonata,
}

/// A loop of Pass and Choice: two transitions an iteration, four events.
fn counting_loop(iterations: usize, count: Count) {
    let (name, states) = match count {
        Count::Intrinsic => (
            "loop, MathAdd",
            json!({
                "Add": {"Type": "Pass", "Parameters": {"i.$": "States.MathAdd($.i, 1)"}, "Next": "More"},
                "More": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.i", "NumericLessThan": iterations, "Next": "Add"}],
                    "Default": "Done"
                },
                "Done": {"Type": "Succeed"}
            }),
        ),
        Count::Jsonata => (
            "loop, JSONata",
            json!({
                "Add": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"i": "{% $states.input.i + 1 %}"}, "Next": "More"},
                "More": {
                    "Type": "Choice",
                    "QueryLanguage": "JSONata",
                    "Choices": [{"Condition": format!("{{% $states.input.i < {iterations} %}}"), "Next": "Add"}],
                    "Default": "Done"
                },
                "Done": {"Type": "Succeed"}
            }),
        ),
    };
    let machine = machine(&json!({"StartAt": "Add", "States": states}));
    let transitions = 2 * iterations + 1;
    measure(
        &format!("{name}, {iterations} iterations"),
        transitions,
        "transitions",
        || run(&machine, r#"{"i": 0}"#),
    );
}

/// The smallest execution, from its start to its end.
fn single_pass(times: usize) {
    let machine = machine(&json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}));
    measure(&format!("single Pass, {times} times"), times, "executions", || {
        for _ in 1..times {
            black_box(run(&machine, "{}"));
        }
        run(&machine, "{}")
    });
}

/// A Map of Pass states.
fn map(items: usize, mode: &str) {
    let config = if mode == "INLINE" {
        json!({"Mode": "INLINE"})
    } else {
        json!({"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"})
    };
    let definition = json!({"StartAt": "M", "States": {"M": {
        "Type": "Map",
        "ItemProcessor": {"ProcessorConfig": config, "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}},
        "ResultPath": null,
        "End": true
    }}});
    let machine = machine(&definition);
    // Longer inputs would be refused: the quota is 256 KB.
    let input = format!("[{}]", vec!["1"; items].join(","));
    measure(&format!("Map, {} items, {mode}", items), items, "items", || {
        run(&machine, &input)
    });
}

/// One Pass after the other.
fn chain(length: usize) {
    let states: serde_json::Map<String, serde_json::Value> = (0..length)
        .map(|index| {
            let state = if index + 1 == length {
                json!({"Type": "Pass", "End": true})
            } else {
                json!({"Type": "Pass", "Next": format!("S{}", index + 1)})
            };
            (format!("S{index}"), state)
        })
        .collect();
    let machine = machine(&json!({"StartAt": "S0", "States": states}));
    measure(&format!("chain of {length} Pass states"), length, "transitions", || {
        run(&machine, r#"{"a": [1, 2, 3]}"#)
    });
}

/// What each state of a long chain does to what it is given.
#[derive(Clone, Copy, Debug)]
enum Carried {
    Unchanged,
    ResultPath,
    Parameters,
    Jsonata,
    JsonataMerge,
    Variables,
}

impl Carried {
    const ALL: [Carried; 6] = [
        Carried::Unchanged,
        Carried::ResultPath,
        Carried::Parameters,
        Carried::Jsonata,
        Carried::JsonataMerge,
        Carried::Variables,
    ];

    fn state(self, index: usize) -> serde_json::Value {
        match self {
            Carried::Unchanged => json!({"Type": "Pass"}),
            Carried::ResultPath => json!({"Type": "Pass", "Result": index, "ResultPath": "$.n"}),
            Carried::Parameters => json!({"Type": "Pass", "Parameters": {"n": index, "rows.$": "$.rows"}}),
            Carried::Jsonata => json!({
                "Type": "Pass", "QueryLanguage": "JSONata", "Output": {"n": index, "rows": "{% $states.input.rows %}"}
            }),
            Carried::JsonataMerge => json!({
                "Type": "Pass",
                "QueryLanguage": "JSONata",
                "Output": format!("{{% $merge([$states.input, {{'n': {index}}}]) %}}")
            }),
            Carried::Variables => json!({"Type": "Pass", "Assign": {"n": index, "all.$": "$"}}),
        }
    }
}

/// The same rows through many states, each of which changes no more than a number.
fn carry(states: usize, what: Carried, bytes: usize) {
    let chain: serde_json::Map<String, serde_json::Value> = (0..states)
        .map(|index| {
            let mut state = what.state(index);
            match index + 1 == states {
                true => state["End"] = true.into(),
                false => state["Next"] = format!("S{}", index + 1).into(),
            }
            (format!("S{index}"), state)
        })
        .collect();
    let machine = machine(&json!({"StartAt": "S0", "States": chain}));
    let row = r#"{"customer": 1, "name": "somebody", "visits": [1, 2, 3]}"#;
    let rows = vec![row; bytes.div_ceil(row.len() + 1)].join(",");
    let input = format!(r#"{{"n": 0, "rows": [{rows}]}}"#);
    let name = format!("{what:?}, {} KB through {states} states", input.len() / 1000);
    measure(&name, states, "transitions", || run(&machine, &input));
}

fn machine(definition: &serde_json::Value) -> StateMachine {
    match StateMachine::parse(&definition.to_string()) {
        Ok(machine) => machine,
        Err(error) => panic!("{error}"),
    }
}

fn run(machine: &StateMachine, input: &str) -> Execution {
    let options = StartOptions {
        max_events: Some(u64::MAX),
        ..StartOptions::default()
    };
    let now = Timestamp::UNIX_EPOCH;
    let Ok(mut execution) = Execution::start(machine, options, input, now) else {
        panic!("the input is refused")
    };
    while execution.status() == Status::Running {
        black_box(execution.run(now));
    }
    assert_eq!(execution.status(), Status::Succeeded, "{:?}", execution.failure());
    execution
}

fn measure(name: &str, count: usize, unit: &str, mut work: impl FnMut() -> Execution) {
    let is_wanted = std::env::args()
        .skip(1)
        .filter(|it| !it.starts_with('-'))
        .all(|part| name.contains(&part));
    if !is_wanted {
        return;
    }
    let before = resident_bytes();
    let started = Instant::now();
    let first = black_box(work());
    let mut best = started.elapsed();
    let events = first.history().len();
    let held = resident_bytes()
        .zip(before)
        .map(|(after, before)| after.saturating_sub(before));
    // Pages that were free already are not seen, so that only large histories can be weighed.
    let memory = match held {
        Some(held) if events >= 100_000 => format!("{:.0} B/event", held as f64 / events as f64),
        _ => String::new(),
    };
    drop(first);
    for _ in 1..ROUNDS {
        let started = Instant::now();
        black_box(work());
        best = best.min(started.elapsed());
    }
    let rate = count as f64 / best.as_secs_f64();
    println!("{name:<44} {best:>12.1?} {rate:>11.0} {unit:<12} {memory:>14}");
}

/// How much memory the process holds, where the system says so.
fn resident_bytes() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}
