//! The iterations of a Map as a strip of cells: links while they are few, merged while they are many.

use crate::drawing::{LINE, NAME_LINE, PAD, StateBox, Strip};
use crate::overlay::{Iterations, Options, Overlay, Status, Words};
use crate::text::escaped;
use std::fmt::Write;

/// As many iterations as have an element each.
const SINGLE: usize = 200;

/// The strip of a state, if it has one.
pub(super) fn element(svg: &mut String, overlay: &Overlay, options: &Options, state: &StateBox) {
    let Some(strip) = state.content.strip else {
        return;
    };
    let Some(iterations) = overlay
        .states
        .get(&state.name)
        .and_then(|look| look.iterations.as_ref())
    else {
        return;
    };
    let (x, y) = (state.rect.x + PAD, above(state));
    let count = iterations.statuses.len();
    let _ = write!(
        svg,
        "<g class=\"iterations\" data-state=\"{}\" data-iterations=\"{count}\" data-columns=\"{}\" data-cell=\"{}\" \
         data-x=\"{x}\" data-y=\"{}\"><text class=\"count\" x=\"{x}\" y=\"{}\">{}</text>",
        escaped(&state.name),
        strip.columns,
        strip.pitch,
        y + LINE + 4.0,
        y + 12.0,
        escaped(&summary(iterations, &options.words))
    );
    let origin = (x, y + LINE + 4.0);
    if count <= SINGLE {
        singles(svg, options, state, strip, iterations, origin);
    } else {
        merged(svg, strip, iterations, origin);
    }
    selected(svg, strip, iterations, origin);
    svg.push_str("</g>");
}

/// Where the strip begins: below all lines of the box.
fn above(state: &StateBox) -> f64 {
    let content = &state.content;
    let lines = content.does.len() + usize::from(content.retry.is_some()) + content.note.len();
    state.rect.y + PAD + content.name.len() as f64 * NAME_LINE + lines as f64 * LINE + 4.0
}

/// How many are done: `7 of 10 · 1 failed`.
fn summary(iterations: &Iterations, words: &Words) -> String {
    let of = |status: Status| iterations.statuses.iter().filter(|other| **other == status).count();
    let done = of(Status::Succeeded) + of(Status::Caught) + of(Status::Failed) + of(Status::TimedOut);
    let mut text = format!("{done} {} {}", words.of, iterations.statuses.len());
    for status in [
        Status::Running,
        Status::Waiting,
        Status::Failed,
        Status::TimedOut,
        Status::Aborted,
    ] {
        let count = of(status);
        if count > 0 {
            let _ = write!(text, " · {count} {}", words.status(status).to_lowercase());
        }
    }
    text
}

fn singles(
    svg: &mut String,
    options: &Options,
    state: &StateBox,
    strip: Strip,
    iterations: &Iterations,
    origin: (f64, f64),
) {
    for (at, status) in iterations.statuses.iter().enumerate() {
        let (x, y) = corner(strip, at, origin);
        let label = format!("{} {at}: {}", options.words.iteration, options.words.status(*status));
        let label = escaped(&label);
        let cell = format!(
            "<title>{label}</title><rect x=\"{x}\" y=\"{y}\" width=\"{size}\" height=\"{size}\" rx=\"3\"/>{}",
            mark(*status, x, y, strip.cell),
            size = strip.cell
        );
        let class = status.class();
        let _ = match &options.iteration_href {
            Some(href) => write!(
                svg,
                "<a class=\"cell {class}\" data-iteration=\"{at}\" href=\"{}\" aria-label=\"{label}\">{cell}</a>",
                escaped(&href(&state.name, at))
            ),
            None => write!(svg, "<g class=\"cell {class}\" data-iteration=\"{at}\">{cell}</g>"),
        };
    }
}

fn corner(strip: Strip, at: usize, origin: (f64, f64)) -> (f64, f64) {
    let (column, row) = (at % strip.columns, at / strip.columns);
    (
        origin.0 + column as f64 * strip.pitch,
        origin.1 + row as f64 * strip.pitch,
    )
}

/// The shape in a cell, for those who do not see its colour.
fn mark(status: Status, x: f64, y: f64, cell: f64) -> String {
    let at = |share: f64| (x + cell * share, y + cell * share);
    let ((left, top), (right, bottom)) = (at(0.32), at(0.68));
    let middle = y + cell / 2.0;
    let path = match status {
        Status::Failed => format!("M{left} {top}L{right} {bottom}M{right} {top}L{left} {bottom}"),
        Status::TimedOut | Status::Aborted => format!("M{left} {middle}H{right}"),
        Status::Caught => format!("M{} {top}V{bottom}", x + cell / 2.0),
        Status::Succeeded if cell >= 20.0 => {
            format!("M{left} {middle}L{} {bottom}L{right} {top}", x + cell * 0.45)
        }
        Status::NotReached | Status::Running | Status::Waiting | Status::Succeeded => return String::new(),
    };
    format!("<path class=\"cut\" fill=\"none\" d=\"{path}\"/>")
}

/// One path for each status: a stroke as wide as a cell for each run of equal iterations in a row.
fn merged(svg: &mut String, strip: Strip, iterations: &Iterations, origin: (f64, f64)) {
    for status in Status::ALL {
        let mut path = String::new();
        for (row, cells) in iterations.statuses.chunks(strip.columns).enumerate() {
            let y = origin.1 + row as f64 * strip.pitch + strip.cell / 2.0;
            let mut column = 0;
            for run in cells.chunk_by(|one, other| one == other) {
                if run[0] == status {
                    let x = origin.0 + column as f64 * strip.pitch;
                    let width = run.len() as f64 * strip.pitch - (strip.pitch - strip.cell);
                    let _ = write!(path, "M{x} {y}h{width}");
                }
                column += run.len();
            }
        }
        if !path.is_empty() {
            let _ = write!(
                svg,
                "<g class=\"cell {}\"><path class=\"runs\" fill=\"none\" stroke-width=\"{}\" d=\"{path}\"/></g>",
                status.class(),
                strip.cell
            );
        }
    }
}

fn selected(svg: &mut String, strip: Strip, iterations: &Iterations, origin: (f64, f64)) {
    let Some(at) = iterations.selected.filter(|at| *at < iterations.statuses.len()) else {
        return;
    };
    let (x, y) = corner(strip, at, origin);
    let size = strip.cell + 4.0;
    let _ = write!(
        svg,
        "<rect class=\"chosen\" fill=\"none\" x=\"{}\" y=\"{}\" width=\"{size}\" height=\"{size}\" rx=\"4\"/>",
        x - 2.0,
        y - 2.0
    );
}
