//! What the tests share: definitions of the repository, and random ones.

use serde_json::{Map, Value, json};
use state_graph::{Chart, Look, Options, Overlay, Status};
use std::path::Path;
use std::time::Duration;

/// The definitions that the repository deploys, by their names.
pub(crate) fn definitions() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../statemachine");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.to_string_lossy().ends_with(".asl.json"));
    files.sort();
    assert!(!files.is_empty());
    let read = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    files.into_iter().map(read).collect()
}

pub(crate) fn chart(definition: &Value) -> Chart {
    Chart::read(&definition.to_string()).unwrap()
}

pub(crate) fn svg(definition: &Value, overlay: &Overlay) -> String {
    chart(definition).svg(overlay, &Options::default())
}

/// An overlay in which each state has a status of its own.
pub(crate) fn run(chart: &Chart) -> Overlay {
    let mut overlay = Overlay {
        started: true,
        ..Overlay::default()
    };
    for (at, state) in chart.states().enumerate() {
        let look = Look {
            status: Status::ALL[at % Status::ALL.len()],
            took: Some(Duration::from_millis(at as u64 * 977)),
            attempts: at as u32 % 4,
            note: (at % 5 == 0).then(|| "States.TaskFailed: it did not come to its end".to_owned()),
            ..Look::default()
        };
        overlay.states.insert(state.name.clone(), look);
    }
    overlay
}

/// Numbers that look random and are the same each time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }
}

/// A flow of so many states that lead anywhere: back, to themselves, and twice to the same state.
pub(crate) fn random_flow(random: &mut Random, states: usize, depth: usize, prefix: &str) -> Value {
    let name = |at: usize| match at % 7 {
        3 => format!("{prefix}{at}-a-name-that-is-as-long-as-names-may-be-and-has-no-space-in-it-at-all-80"),
        5 => format!("{prefix}{at} 画像を確認する"),
        _ => format!("{prefix}State{at}"),
    };
    let mut all = Map::new();
    for at in 0..states {
        let mut any = || name(random.below(states));
        let next = name((at + 1) % states);
        let (one, two, three) = (any(), any(), any());
        let mut state = match random.below(if depth == 0 { 6 } else { 8 }) {
            0 | 1 => json!({"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
                "Next": next, "Retry": [{"ErrorEquals": ["States.TaskFailed", "States.Timeout"]}]}),
            2 => json!({"Type": "Pass", "Next": next}),
            3 => json!({"Type": "Wait", "Seconds": at, "Next": one}),
            4 => json!({"Type": "Choice", "Default": next, "Choices": [
                {"Variable": "$.some.long.path.to.a.number", "NumericGreaterThanEquals": at, "Next": one},
                {"Variable": "$.b", "StringEquals": "x", "Next": two},
                {"Condition": "{% $count($states.input.rows) > 0 and $a != 'b' or $c %}", "Next": one}]}),
            5 => json!({"Type": "Fail", "Error": "Broken"}),
            6 => {
                let inner = 1 + random.below(5);
                let flow = random_flow(random, inner, depth - 1, &format!("{prefix}{at}m"));
                json!({"Type": "Map", "ItemProcessor": flow, "Next": next})
            }
            _ => {
                let branches: Vec<Value> = (0..1 + random.below(3))
                    .map(|branch| {
                        let inner = 1 + random.below(4);
                        random_flow(random, inner, depth - 1, &format!("{prefix}{at}b{branch}"))
                    })
                    .collect();
                json!({"Type": "Parallel", "Branches": branches, "End": true})
            }
        };
        if random.below(3) == 0 && state["Type"] != "Choice" {
            state["Catch"] = json!([{"ErrorEquals": ["States.Timeout", "Some.Error"], "Next": two},
                {"ErrorEquals": ["States.ALL"], "Next": three}]);
        }
        all.insert(name(at), state);
    }
    json!({"StartAt": name(0), "States": all})
}
