//! Ways as SVG: curves with arrow heads and labels, and the starts and ends of flows.

use super::write;
use crate::drawing::{Dot, Drawing, WayPath};
use crate::layers::Point;
use crate::overlay::{Overlay, Status};
use crate::text::escaped;
use std::fmt::Write;

/// All ways: those that were taken lie over the others, and labels over all.
pub(super) fn all(svg: &mut String, drawing: &Drawing, overlay: &Overlay) {
    let mut ways: Vec<(bool, &WayPath)> = drawing
        .paths
        .iter()
        .map(|way| (is_taken(drawing, overlay, way), way))
        .collect();
    ways.sort_by_key(|(is_taken, _)| *is_taken);
    for (is_taken, way) in &ways {
        // What goes together is drawn once, so that its dashes stay dashes. The way that was taken is drawn to its end.
        let (d, head) = match way.joint.filter(|_| !is_taken) {
            Some((count, joint)) => (line(&[&way.knots[..count], &[joint]].concat()), String::new()),
            None => (line(&way.knots), head(way)),
        };
        let _ = write!(
            svg,
            "<g class=\"way{}\" data-from=\"{}\" data-to=\"{}\"><title>{}</title>\
             <path class=\"line\" fill=\"none\" d=\"{d}\"/><path class=\"head\" d=\"{}\"/></g>",
            classes(*is_taken, way),
            escaped(&way.from),
            escaped(&way.to),
            escaped(&way.title),
            head
        );
    }
    for (is_taken, way) in &ways {
        label(svg, *is_taken, way);
    }
}

fn classes(is_taken: bool, way: &WayPath) -> String {
    let taken = if is_taken { " is-taken" } else { "" };
    let catch = if way.is_catch { " catch" } else { "" };
    format!("{taken}{catch}")
}

/// Whether the run took a way. The overlay knows states alone: starts and ends follow from these, and so does which of
/// two ways between the same states it was.
fn is_taken(drawing: &Drawing, overlay: &Overlay, way: &WayPath) -> bool {
    let status = |name: &str| overlay.states.get(name).map_or(Status::NotReached, |look| look.status);
    if way.from.is_empty() {
        return overlay.started && status(&way.to) != Status::NotReached;
    }
    let is_listed = overlay.taken.contains(&(way.from.clone(), way.to.clone()));
    if way.to.is_empty() {
        return is_listed || status(&way.from) == Status::Succeeded;
    }
    let has_twin = drawing
        .paths
        .iter()
        .any(|other| (&other.from, &other.to) == (&way.from, &way.to) && other.is_catch != way.is_catch);
    is_listed && (!has_twin || way.is_catch == (status(&way.from) == Status::Caught))
}

/// From knot to knot, with round corners.
fn line(knots: &[Point]) -> String {
    let mut d = String::new();
    for (at, knot) in knots.iter().enumerate() {
        let Point { x, y } = knot;
        match (at.checked_sub(1).map(|before| knots[before]), knots.get(at + 1)) {
            (None, _) => {
                let _ = write!(d, "M{x} {y}");
            }
            (Some(before), Some(after)) => {
                let radius = CORNER.min(apart(before, *knot) / 2.0).min(apart(*knot, *after) / 2.0);
                let (from, to) = (towards(*knot, before, radius), towards(*knot, *after, radius));
                let _ = write!(d, "L{} {}Q{x} {y} {} {}", from.x, from.y, to.x, to.y);
            }
            (Some(_), None) => {
                let _ = write!(d, "L{x} {y}");
            }
        }
    }
    d
}

/// How round a corner is.
const CORNER: f64 = 8.0;

fn apart(one: Point, other: Point) -> f64 {
    (one.x - other.x).abs() + (one.y - other.y).abs()
}

/// The point that is so far from one knot towards another, which is above, below or beside it.
fn towards(from: Point, to: Point, by: f64) -> Point {
    let step = |from: f64, to: f64| if to == from { 0.0 } else { by.copysign(to - from) };
    Point {
        x: from.x + step(from.x, to.x),
        y: from.y + step(from.y, to.y),
    }
}

/// The arrow head at the end of a way.
fn head(way: &WayPath) -> String {
    let [.., before, end] = way.knots.as_slice() else {
        return String::new();
    };
    let Point { x, y } = end;
    if before.x > *x {
        format!("M{x} {y}l8 -4.5v9z")
    } else if before.y > *y {
        format!("M{x} {y}l-4.5 8h9z")
    } else {
        format!("M{x} {y}l-4.5 -8h9z")
    }
}

fn label(svg: &mut String, is_taken: bool, way: &WayPath) {
    let Some((rect, lines)) = &way.label else {
        return;
    };
    let _ = write!(
        svg,
        "<g class=\"label{}\"><title>{}</title><rect class=\"label-paper\" {}/>",
        classes(is_taken, way),
        escaped(&way.title),
        write::rect(rect, 4.0)
    );
    for (at, line) in lines.iter().enumerate() {
        let (x, y) = (rect.x + rect.width / 2.0, rect.y + 14.0 + at as f64 * 16.0);
        let _ = write!(
            svg,
            "<text text-anchor=\"middle\" x=\"{x}\" y=\"{y}\">{}</text>",
            escaped(line)
        );
    }
    svg.push_str("</g>");
}

/// A start or an end.
pub(super) fn dot(svg: &mut String, dot: &Dot, drawing: &Drawing, overlay: &Overlay) {
    let kind = if dot.is_end { "end" } else { "start" };
    let is_its = |way: &&WayPath| match dot.is_end {
        true => way.to.is_empty(),
        false => way.from.is_empty() && way.to == dot.leads_to,
    };
    let mut own = drawing.paths.iter().filter(is_its);
    let started = if own.any(|way| is_taken(drawing, overlay, way)) {
        " is-taken"
    } else {
        ""
    };
    let _ = write!(
        svg,
        "<g class=\"dot {kind}{started}\"><rect {}/>",
        write::rect(&dot.rect, dot.rect.height / 2.0)
    );
    if !dot.text.is_empty() {
        let (x, y) = (dot.rect.x + dot.rect.width / 2.0, dot.rect.y + 18.0);
        let _ = write!(
            svg,
            "<text text-anchor=\"middle\" x=\"{x}\" y=\"{y}\">{}</text>",
            escaped(&dot.text)
        );
    }
    svg.push_str("</g>");
}
