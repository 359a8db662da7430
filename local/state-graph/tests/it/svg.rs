//! The drawing as SVG.

use crate::house::{Random, chart, definitions, random_flow, run, svg};
use serde_json::json;
use state_graph::{Chart, Iterations, Look, Options, Overlay, Status};
use std::time::Duration;

fn with(name: &str, look: Look) -> Overlay {
    let mut overlay = Overlay {
        started: true,
        ..Overlay::default()
    };
    overlay.states.insert(name.into(), look);
    overlay
}

#[test]
fn a_strict_page_may_have_it() {
    for (_, definition) in definitions() {
        let chart = Chart::read(&definition).unwrap();
        let svg = chart.svg(&run(&chart), &Options::default());
        for never in [
            " style=",
            "<style",
            "<script",
            "javascript:",
            " onclick",
            "<foreignObject",
        ] {
            assert!(!svg.contains(never), "{never}");
        }
        assert_eq!(svg.matches("<svg").count(), 1);
    }
}

#[test]
fn names_cannot_break_out() {
    let name = "</title><script>alert(1)</script>\"' onload='x' \u{202e}\u{0}&";
    let definition = json!({"StartAt": name, "Comment": name, "States": {
        name: {"Type": "Choice", "Comment": name, "Choices": [
            {"Variable": name, "StringEquals": name, "Next": name, "Comment": name}], "Default": "B"},
        "B": {"Type": name, "Resource": name, "End": true, "Retry": [{"ErrorEquals": [name]}],
            "Catch": [{"ErrorEquals": [name], "Next": name}]}}});
    let look = Look {
        note: Some(name.into()),
        ..Look::default()
    };
    let overlay = Overlay {
        selected: Some(name.into()),
        ..with(name, look)
    };
    let options = Options {
        href: Some(Box::new(|name| format!("#{name}"))),
        ..Options::default()
    };
    for drawn in [
        chart(&definition).svg(&overlay, &options),
        chart(&definition).svg_file(&overlay, &options),
    ] {
        for never in ["<script", "\u{202e}", "\u{0}", " onload='", "\"' "] {
            assert!(!drawn.contains(never), "{never:?}");
        }
        assert!(drawn.contains("\\u{202e}␀&amp;"));
    }
}

#[test]
fn every_element_is_closed() {
    for seed in 1..20 {
        let chart = chart(&random_flow(&mut Random(seed * 77), 12, 2, "<&\""));
        let svg = chart.svg(&run(&chart), &Options::default());
        let mut open = Vec::new();
        for tag in svg.split('<').skip(1) {
            let inner = tag.split('>').next().unwrap();
            let name = inner.trim_start_matches('/').split([' ', '/']).next().unwrap();
            if inner.starts_with('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !inner.ends_with('/') {
                open.push(name);
            }
        }
        assert_eq!(open, [] as [&str; 0]);
    }
}

#[test]
fn a_state_says_all_to_those_who_do_not_see_it() {
    let definition = json!({"StartAt": "Train", "States": {
        "Train": {"Type": "Task", "Next": "Done"}, "Done": {"Type": "Succeed"}}});
    let look = Look {
        status: Status::Succeeded,
        took: Some(Duration::from_millis(3270)),
        attempts: 3,
        ..Look::default()
    };
    let drawn = svg(&definition, &with("Train", look));
    assert!(
        drawn.contains("aria-label=\"Train, Task, Succeeded, 3.2 s, 3 attempts\" data-down=\"Done\""),
        "{drawn}"
    );
    assert!(drawn.contains("class=\"state task is-succeeded\" data-state=\"Train\""));
}

#[test]
fn durations_are_for_people() {
    for (milliseconds, expected) in [
        (0, "0 ms"),
        (340, "340 ms"),
        (1_299, "1.2 s"),
        (42_000, "42 s"),
        (125_000, "2 min 5 s"),
        (120_000, "2 min"),
        (3_700_000, "1 h 1 min"),
        (90_000_000, "1 d 1 h"),
    ] {
        let look = Look {
            took: Some(Duration::from_millis(milliseconds)),
            ..Look::default()
        };
        let drawn = svg(&json!({"States": {"A": {"Type": "Pass"}}}), &with("A", look));
        assert!(drawn.contains(&format!(">{expected}</text>")), "{expected}");
    }
}

#[test]
fn the_way_that_was_taken_is_known() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Next": "B", "Catch": [{"ErrorEquals": ["X"], "Next": "B"}]},
        "B": {"Type": "Succeed"}}});
    for (status, expected) in [
        (Status::Succeeded, "way is-taken\" data-from=\"A\""),
        (Status::Caught, "way is-taken catch"),
    ] {
        let mut overlay = with(
            "A",
            Look {
                status,
                ..Look::default()
            },
        );
        overlay.taken.insert(("A".into(), "B".into()));
        let drawn = svg(&definition, &overlay);
        assert!(drawn.contains(expected));
        // From Start to A, and one of the two from A to B.
        assert_eq!(drawn.matches("class=\"way is-taken").count(), 2);
    }
}

fn map(statuses: Vec<Status>) -> (Chart, Overlay) {
    let definition = json!({"StartAt": "Each", "States": {"Each": {"Type": "Map", "End": true, "ItemsPath": "$.items",
        "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": true}}}}}});
    let look = Look {
        iterations: Some(Iterations {
            statuses,
            selected: Some(3),
        }),
        ..Look::default()
    };
    (chart(&definition), with("Each", look))
}

#[test]
fn few_iterations_are_links() {
    let (chart, overlay) = map((0..10)
        .map(|at| if at == 3 { Status::Failed } else { Status::Succeeded })
        .collect());
    let options = Options {
        iteration_href: Some(Box::new(|state, at| format!("#{state}/{at}"))),
        ..Options::default()
    };
    let drawn = chart.svg(&overlay, &options);
    assert_eq!(drawn.matches("<a class=\"cell").count(), 10);
    assert!(drawn.contains("href=\"#Each/3\" aria-label=\"iteration 3: Failed\""));
    assert!(drawn.contains(">10 of 10 · 1 failed</text>"));
}

#[test]
fn ten_thousand_iterations_stay_small() {
    let mut random = Random(9);
    let worst = (0..10_000).map(|_| Status::ALL[random.below(8)]).collect();
    let usual = (0..10_000)
        .map(|at| {
            if at % 97 == 0 {
                Status::Failed
            } else {
                Status::Succeeded
            }
        })
        .collect();
    for (statuses, most) in [(worst, 150_000), (usual, 20_000)] {
        let (chart, overlay) = map(statuses);
        let drawn = chart.svg(&overlay, &Options::default());
        assert!(drawn.contains("data-iterations=\"10000\" data-columns=\"100\" data-cell=\"4\""));
        assert!(drawn.len() < most, "{}", drawn.len());
    }
}
