//! A layered layout: nodes in ranks from top to bottom, with room for the labels of edges.
//!
//! Made for flows: the longest way is one straight line, what is beside it hangs at its side, edges pass nodes in
//! straight lines of their own, and labels have places in which nothing else is.

mod align;
mod grid;
mod lanes;
mod order;
mod place;
mod rank;
mod route;
mod shape;

pub(crate) use shape::{Body, Edge, Laid, Route};
pub use shape::{Point, Rect};

use grid::Grid;

/// Lays nodes and edges out. The first node is where the flow starts.
pub(crate) fn lay(bodies: &[Body], edges: &[Edge]) -> Laid {
    let bodies = with_loops(bodies, edges);
    let downs = rank::turned(bodies.len(), edges);
    let ranks = rank::ranks(bodies.len(), &downs);
    let importance = rank::longest(bodies.len(), edges, &downs);
    let mut grid = Grid::new(&bodies, edges, &downs, &ranks);
    order::order(&mut grid);
    let columns = align::columns(&grid, &importance);
    let middles = place::place(&grid, &columns);
    let mut laid = route::route(&grid, &bodies, edges, &downs, &middles);
    to_corner(&mut laid, &bodies);
    laid
}

/// The nodes with room at their right side for edges to themselves, and for their labels. Several labels of one node
/// stand in the same place: whoever draws merges edges between the same nodes.
fn with_loops(bodies: &[Body], edges: &[Edge]) -> Vec<Body> {
    let mut bodies = bodies.to_vec();
    for edge in edges.iter().filter(|edge| edge.from == edge.to) {
        let (width, height) = edge.label.unwrap_or_default();
        let body = &mut bodies[edge.from];
        body.right = body.right.max(body.width / 2.0 + route::LOOP + width);
        body.height = body.height.max(height);
    }
    bodies
}

/// Moves everything so that its left upper corner is at zero, and measures it.
fn to_corner(laid: &mut Laid, bodies: &[Body]) {
    let (mut left, mut right, mut bottom) = (f64::MAX, f64::MIN, 0.0_f64);
    for (node, body) in laid.nodes.iter().zip(bodies) {
        left = left.min(node.x - body.left);
        right = right.max(node.x + body.right);
        bottom = bottom.max(node.y + body.height);
    }
    for route in &laid.edges {
        for knot in &route.knots {
            left = left.min(knot.x);
            right = right.max(knot.x);
            bottom = bottom.max(knot.y);
        }
        if let Some(label) = &route.label {
            left = left.min(label.x);
            right = right.max(label.x + label.width);
            bottom = bottom.max(label.y + label.height);
        }
    }
    left = (left.min(right) / place::STEP).floor() * place::STEP;
    for node in &mut laid.nodes {
        node.x -= left;
    }
    for route in &mut laid.edges {
        route.knots.iter_mut().for_each(|knot| knot.x -= left);
        route.label.iter_mut().for_each(|label| label.x -= left);
        route.joint.iter_mut().for_each(|(_, joint)| joint.x -= left);
    }
    laid.width = (right - left).max(0.0);
    laid.height = bottom;
}
