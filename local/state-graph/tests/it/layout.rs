//! Nothing lies over anything else: boxes, labels and ways, in the repository's definitions and in random ones.

use crate::house::{Random, definitions, random_flow, run};
use state_graph::{Chart, Drawing, Iterations, Options, Overlay, Point, Rect, Status};

/// All that is wrong in a drawing, in words.
fn faults(chart: &Chart, drawing: &Drawing) -> Vec<String> {
    let mut faults = Vec::new();
    let all = Rect {
        x: 0.0,
        y: 0.0,
        width: drawing.width,
        height: drawing.height,
    };
    let parent = |name: &str| chart.state(name).and_then(|state| state.parent.clone());
    for (at, state) in drawing.boxes.iter().enumerate() {
        if !all.contains(&state.rect) {
            faults.push(format!("{} is outside", state.name));
        }
        for other in &drawing.boxes[..at] {
            let is_inside = other.rect.contains(&state.rect) && !other.header.overlaps(&state.rect);
            if other.rect.overlaps(&state.rect) && !is_inside {
                faults.push(format!("{} lies over {}", state.name, other.name));
            }
        }
        if let Some(parent) = parent(&state.name) {
            let around = drawing.boxes.iter().find(|other| other.name == parent).unwrap();
            if !around.rect.contains(&state.rect) {
                faults.push(format!("{} is outside {parent}", state.name));
            }
        }
    }
    label_faults(drawing, &all, &mut faults);
    way_faults(drawing, &mut faults);
    faults
}

fn label_faults(drawing: &Drawing, all: &Rect, faults: &mut Vec<String>) {
    let labels: Vec<_> = drawing.paths.iter().filter_map(|way| way.label.as_ref()).collect();
    for (at, (label, lines)) in labels.iter().enumerate() {
        if !all.contains(label) {
            faults.push(format!("{lines:?} is outside"));
        }
        for (other, other_lines) in &labels[..at] {
            if label.overlaps(other) {
                faults.push(format!("{lines:?} lies over {other_lines:?}"));
            }
        }
        for state in &drawing.boxes {
            let is_inside = state.rect.contains(label) && !state.header.overlaps(label);
            if label.overlaps(&state.rect) && !is_inside {
                faults.push(format!("{lines:?} lies over {}", state.name));
            }
        }
    }
}

fn way_faults(drawing: &Drawing, faults: &mut Vec<String>) {
    for way in &drawing.paths {
        for pair in way.knots.windows(2) {
            let line = thin(pair[0], pair[1]);
            if pair[0].x != pair[1].x && pair[0].y != pair[1].y {
                faults.push(format!("{} to {} goes aslant", way.from, way.to));
            }
            for other in &drawing.paths {
                let is_own = std::ptr::eq(way, other);
                if let Some((label, lines)) = other
                    .label
                    .as_ref()
                    .filter(|(label, _)| !is_own && label.overlaps(&line))
                {
                    faults.push(format!(
                        "{} to {} goes through {lines:?} at {label:?}",
                        way.from, way.to
                    ));
                }
            }
            for state in &drawing.boxes {
                let is_inside = state.rect.contains(&line) && !state.header.overlaps(&line);
                if state.rect.overlaps(&line) && !is_inside {
                    faults.push(format!("{} to {} goes through {}", way.from, way.to, state.name));
                }
            }
        }
    }
}

/// A piece of a way as a rectangle, without its ends: these touch boxes.
fn thin(from: Point, to: Point) -> Rect {
    let (left, right) = (from.x.min(to.x), from.x.max(to.x));
    let (top, bottom) = (from.y.min(to.y), from.y.max(to.y));
    let inner = |low: f64, high: f64| {
        if high - low > 1.0 {
            (low + 0.5, high - low - 1.0)
        } else {
            (low, 0.0)
        }
    };
    let ((x, width), (y, height)) = (inner(left, right), inner(top, bottom));
    Rect { x, y, width, height }
}

fn check(what: &str, definition: &str) {
    let chart = Chart::read(definition).unwrap();
    let mut with_iterations = run(&chart);
    for (count, look) in [3, 0, 12, 150, 900, 5000]
        .into_iter()
        .cycle()
        .zip(with_iterations.states.values_mut())
    {
        let statuses = vec![Status::Succeeded; count];
        look.iterations = (count > 0).then_some(Iterations {
            statuses,
            selected: None,
        });
    }
    for overlay in [Overlay::default(), run(&chart), with_iterations] {
        let drawing = chart.drawing(&overlay, &Options::default());
        assert_eq!(faults(&chart, &drawing), [] as [String; 0], "in {what}");
    }
}

#[test]
fn nothing_lies_over_anything_in_the_definitions_of_the_repository() {
    for (name, definition) in definitions() {
        check(&name, &definition);
    }
}

#[test]
fn nothing_lies_over_anything_in_random_flows() {
    for seed in 1..=150_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let states = 1 + random.below(24);
        let definition = random_flow(&mut random, states, 2, "").to_string();
        check(&format!("flow {seed}"), &definition);
    }
}

#[test]
fn nothing_lies_over_anything_in_a_large_flow() {
    for seed in [3, 5] {
        let definition = random_flow(&mut Random(seed), 150, 0, "").to_string();
        check(&format!("the large flow {seed}"), &definition);
    }
}

#[test]
fn the_same_definition_is_drawn_the_same() {
    let definition = random_flow(&mut Random(11), 30, 2, "").to_string();
    let svg = || {
        let chart = Chart::read(&definition).unwrap();
        chart.svg(&run(&chart), &Options::default())
    };
    assert_eq!(svg(), svg());
}

#[test]
fn a_chain_is_one_straight_line() {
    let chart = Chart::read(
        r#"{"StartAt": "A", "States": {
            "A": {"Type": "Pass", "Next": "ChooseOne"},
            "ChooseOne": {"Type": "Choice", "Choices": [{"Condition": "{% $a %}", "Next": "Bad"}], "Default": "B"},
            "Bad": {"Type": "Fail"},
            "B": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Next": "C"},
            "C": {"Type": "Pass", "End": true}}}"#,
    )
    .unwrap();
    let drawing = chart.drawing(&Overlay::default(), &Options::default());
    let middle = |name: &str| {
        let rect = drawing.boxes.iter().find(|state| state.name == name).unwrap().rect;
        rect.x + rect.width / 2.0
    };
    assert_eq!(["ChooseOne", "B", "C"].map(middle), [middle("A"); 3]);
}
