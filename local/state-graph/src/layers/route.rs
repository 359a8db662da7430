//! The last step: where the layers stand, and where the edges go between and through them.

use super::grid::Grid;
use super::lanes::{Lanes, lanes};
use super::rank::Down;
use super::shape::{Body, Edge, Laid, Point, Rect, Route};

/// The space between two layers, and where there are labels in one of them.
const GAP: f64 = 40.0;
const LABEL_GAP: f64 = 28.0;

/// The space between two lanes, and between the outer ones and a layer.
const LANE: f64 = 8.0;
const BESIDE_LANES: f64 = 16.0;

/// How far apart edges end at a node, where there is room.
const PORT: f64 = 20.0;

/// Where each end of each edge is: how far from the middle of its node.
struct Ports {
    upper: Vec<f64>,
    lower: Vec<f64>,
}

/// Where everything is, from the middles of the items.
pub(super) fn route(grid: &Grid, bodies: &[Body], edges: &[Edge], downs: &[Option<Down>], middles: &[f64]) -> Laid {
    let ports = ports(grid, bodies, middles);
    let xs: Vec<Vec<f64>> = (0..edges.len())
        .map(|edge| across(&grid.chains[edge], middles, &ports, edge))
        .collect();
    let lanes = lanes(grid, &xs);
    let bands = bands(grid, &lanes);
    let nodes = (0..bodies.len())
        .map(|node| Point {
            x: middles[node],
            y: bands[grid.items[node].layer].top,
        })
        .collect();
    let mut laid = Laid {
        nodes,
        ..Laid::default()
    };
    for (edge, down) in downs.iter().enumerate() {
        let route = match down {
            Some(down) => {
                let mut route = through(grid, edge, &xs[edge], &lanes.of[edge], &bands);
                if down.reversed {
                    route.knots.reverse();
                }
                route
            }
            None => around(&bodies[edges[edge].from], laid.nodes[edges[edge].from], &edges[edge]),
        };
        laid.edges.push(route);
    }
    laid
}

/// The ports of all edges. At each side of a node, the edges end in the order of where they come from. The one that
/// comes straight ends in the middle.
fn ports(grid: &Grid, bodies: &[Body], middles: &[f64]) -> Ports {
    let mut ports = Ports {
        upper: vec![0.0; grid.chains.len()],
        lower: vec![0.0; grid.chains.len()],
    };
    let mut at_bottom: Vec<Vec<End>> = (0..bodies.len()).map(|_| Vec::new()).collect();
    let mut at_top: Vec<Vec<End>> = (0..bodies.len()).map(|_| Vec::new()).collect();
    for (edge, chain) in grid.chains.iter().enumerate() {
        if let [upper, below, ..] = chain.as_slice() {
            add(&mut at_bottom[*upper], *below, middles[*below], edge, false);
        }
        if let [.., above, lower] = chain.as_slice() {
            let is_together = grid.joins[edge].is_some_and(|joins| joins + 1 < chain.len());
            add(&mut at_top[*lower], *above, middles[*above], edge, is_together);
        }
    }
    for (sides, offsets) in [(at_bottom, &mut ports.upper), (at_top, &mut ports.lower)] {
        for (node, mut side) in sides.into_iter().enumerate() {
            side.sort_by(|one, other| one.x.total_cmp(&other.x));
            spread(&side, middles[node], bodies[node].width, offsets);
        }
    }
    ports
}

/// Where edges end at a node: one edge, or several that go together.
struct End {
    /// The item that they come from.
    item: usize,
    x: f64,
    edges: Vec<usize>,
}

fn add(side: &mut Vec<End>, item: usize, x: f64, edge: usize, is_together: bool) {
    match side.iter_mut().find(|end| is_together && end.item == item) {
        Some(end) => end.edges.push(edge),
        None => side.push(End {
            item,
            x,
            edges: vec![edge],
        }),
    }
}

fn spread(side: &[End], middle: f64, width: f64, offsets: &mut [f64]) {
    let straight = side.iter().position(|end| end.x == middle);
    let at_left = side.iter().filter(|end| end.x < middle).count();
    let (left, right) = match straight {
        Some(_) => (at_left, side.len() - 1 - at_left),
        None => (side.len() / 2, side.len() / 2),
    };
    let most = left.max(right).max(1) as f64;
    let apart = PORT.min((width / 2.0 - 12.0).max(0.0) / most);
    for (place, end) in side.iter().enumerate() {
        let from_middle = match straight {
            Some(straight) => place as f64 - straight as f64,
            None => place as f64 - (side.len() as f64 - 1.0) / 2.0,
        };
        for edge in &end.edges {
            offsets[*edge] = from_middle * apart;
        }
    }
}

/// Where an edge is in each layer that it comes through.
fn across(chain: &[usize], middles: &[f64], ports: &Ports, edge: usize) -> Vec<f64> {
    let mut xs: Vec<f64> = chain.iter().map(|item| middles[*item]).collect();
    if let [first, .., last] = xs.as_mut_slice() {
        *first += ports.upper[edge];
        *last += ports.lower[edge];
    }
    xs
}

/// Where a layer is, and the first lane below it.
struct Band {
    top: f64,
    bottom: f64,
    lane: f64,
}

fn bands(grid: &Grid, lanes: &Lanes) -> Vec<Band> {
    let is_labels = |layer: usize| {
        let items = grid.layers.get(layer).into_iter().flatten();
        items.into_iter().any(|item| grid.items[*item].is_label)
    };
    let mut bands = Vec::new();
    let mut top = 0.0;
    for (layer, items) in grid.layers.iter().enumerate() {
        let height = items.iter().map(|item| grid.items[*item].height).fold(0.0, f64::max);
        let bottom = top + (height / 4.0).ceil() * 4.0;
        let between = lanes.counts[layer].saturating_sub(1) as f64 * LANE;
        let usual = if is_labels(layer) || is_labels(layer + 1) {
            LABEL_GAP
        } else {
            GAP
        };
        let gap = usual.max(between + 2.0 * BESIDE_LANES);
        bands.push(Band {
            top,
            bottom,
            lane: bottom + (gap - between) / 2.0,
        });
        top = bottom + gap;
    }
    bands
}

/// The way of an edge from its upper to its lower node.
fn through(grid: &Grid, edge: usize, xs: &[f64], lanes: &[Option<usize>], bands: &[Band]) -> Route {
    let mut route = Route::default();
    let chain = &grid.chains[edge];
    for (at, (item, x)) in chain.iter().zip(xs).enumerate() {
        let of = &grid.items[*item];
        let band = &bands[of.layer];
        if grid.joins[edge] == Some(at) {
            route.joint = Some((route.knots.len(), Point { x: *x, y: band.top }));
        }
        if at == 0 {
            route.knots.push(Point {
                x: *x,
                y: band.top + of.height,
            });
        }
        if of.is_label {
            let (width, height) = (of.left + of.right, of.height);
            let y = ((band.top + band.bottom - height) / 2.0).round();
            route.label = Some(Rect {
                x: x - width / 2.0,
                y,
                width,
                height,
            });
        }
        if let Some(Some(lane)) = lanes.get(at) {
            let y = band.lane + *lane as f64 * LANE;
            route.knots.push(Point { x: *x, y });
            route.knots.push(Point { x: xs[at + 1], y });
        }
        if at + 1 == chain.len() {
            route.knots.push(Point { x: *x, y: band.top });
        }
    }
    route
}

/// The way of an edge from a node to itself, at its right side.
fn around(body: &Body, node: Point, edge: &Edge) -> Route {
    let side = node.x + body.width / 2.0;
    let height = body.height.min(48.0);
    let (above, below) = (node.y + height * 0.3, node.y + height * 0.7);
    let out = side + LOOP - 8.0;
    let knots = [(side, above), (out, above), (out, below), (side, below)];
    let knots = knots.map(|(x, y)| Point { x, y }).to_vec();
    let label = edge.label.map(|(width, height)| Rect {
        x: side + LOOP - 4.0,
        y: ((above + below - height) / 2.0).round().max(node.y),
        width,
        height,
    });
    Route {
        knots,
        label,
        joint: None,
    }
}

/// How far an edge from a node to itself goes out.
pub(super) const LOOP: f64 = 32.0;
