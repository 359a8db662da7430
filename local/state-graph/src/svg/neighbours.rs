//! Which state is next to which: so that arrow keys walk the graph.

use crate::drawing::StateBox;

/// The names of a state's neighbours: up, down, left, right.
pub(super) type Near<'b> = [Option<&'b str>; 4];

/// What the neighbours are called as attributes.
pub(super) const NAMES: [&str; 4] = ["up", "down", "left", "right"];

/// The neighbours of each state.
pub(super) fn of(boxes: &[StateBox]) -> Vec<Near<'_>> {
    boxes
        .iter()
        .map(|from| [0, 1, 2, 3].map(|side| nearest(boxes, from, side)))
        .collect()
}

fn nearest<'b>(boxes: &'b [StateBox], from: &StateBox, side: usize) -> Option<&'b str> {
    let distances = boxes.iter().filter_map(|to| Some((distance(from, to, side)?, to)));
    distances
        .min_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, to)| to.name.as_str())
}

/// How far it is to another state at a side: what is right before one is nearer than what is aside.
fn distance(from: &StateBox, to: &StateBox, side: usize) -> Option<f64> {
    let middle = |state: &StateBox| {
        let header = &state.header;
        (header.x + header.width / 2.0, header.y + header.height / 2.0)
    };
    let ((from_x, from_y), (to_x, to_y)) = (middle(from), middle(to));
    let (x, y) = (to_x - from_x, to_y - from_y);
    let (ahead, aside) = match side {
        0 => (-y, x.abs()),
        1 => (y, x.abs()),
        2 => (-x, y.abs() * 4.0),
        _ => (x, y.abs() * 4.0),
    };
    (ahead > 8.0).then_some(ahead + aside * 1.5)
}
