//! The third step: the order of the items in each layer, so that few edges cross.

use super::grid::Grid;

/// How often the layers are put in order, from above and from below.
const SWEEPS: usize = 24;

/// After how many times in vain it is enough.
const PATIENCE: usize = 6;

/// How much worse a crossing is than two rules of a Choice that stand the other way round.
const CROSSING: usize = 6;

/// Puts each layer in order.
pub(super) fn order(grid: &mut Grid) {
    first(grid);
    let mut best = (cost(grid), grid.layers.clone());
    let mut in_vain = 0;
    for sweep in 0..SWEEPS {
        if best.0 == 0 || in_vain == PATIENCE {
            break;
        }
        let from_above = sweep % 2 == 0;
        let layers = grid.layers.len();
        for step in 1..layers {
            let layer = if from_above { step } else { layers - 1 - step };
            by_neighbours(grid, layer, from_above);
        }
        swap(grid);
        let cost = cost(grid);
        in_vain += 1;
        if cost < best.0 {
            best = (cost, grid.layers.clone());
            in_vain = 0;
        }
    }
    grid.layers = best.1;
}

/// The first order: as one comes to the items from the first node, in the order of the edges.
fn first(grid: &mut Grid) {
    let mut seen = vec![false; grid.items.len()];
    let mut roots: Vec<usize> = (0..grid.items.len()).collect();
    roots.sort_by_key(|item| (!grid.above[*item].is_empty(), grid.items[*item].layer));
    for root in roots {
        let mut stack = vec![root];
        while let Some(item) = stack.pop() {
            if std::mem::replace(&mut seen[item], true) {
                continue;
            }
            grid.layers[grid.items[item].layer].push(item);
            stack.extend(grid.below[item].iter().rev());
        }
    }
}

fn by_neighbours(grid: &mut Grid, layer: usize, from_above: bool) {
    let places = grid.places();
    let neighbours = if from_above { &grid.above } else { &grid.below };
    let mean = |item: &usize| {
        let near = &neighbours[*item];
        let sum: usize = near.iter().map(|other| places[*other]).sum();
        (!near.is_empty()).then(|| sum as f64 / near.len() as f64)
    };
    let items = &grid.layers[layer];
    // What hangs on nothing keeps its place; the others are sorted around it.
    let mut sorted: Vec<(f64, usize)> = items.iter().filter_map(|item| Some((mean(item)?, *item))).collect();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut sorted = sorted.into_iter().map(|(_, item)| item);
    let placed = items.iter().map(|item| match mean(item) {
        Some(_) => sorted.next().unwrap_or(*item),
        None => *item,
    });
    grid.layers[layer] = placed.collect();
}

/// Swaps neighbours as long as that makes crossings fewer.
fn swap(grid: &mut Grid) {
    let mut places = grid.places();
    for _ in 0..8 {
        let mut is_better = false;
        for layer in 0..grid.layers.len() {
            for at in 1..grid.layers[layer].len() {
                let (left, right) = (grid.layers[layer][at - 1], grid.layers[layer][at]);
                let now = between(grid, &places, left, right);
                if between(grid, &places, right, left) < now {
                    grid.layers[layer].swap(at - 1, at);
                    places.swap(left, right);
                    is_better = true;
                }
            }
        }
        if !is_better {
            break;
        }
    }
}

/// How many edges of two items cross if one is left of the other.
fn between(grid: &Grid, places: &[usize], left: usize, right: usize) -> usize {
    let pairs = |sides: &[Vec<usize>]| {
        let lefts = &sides[left];
        let crossing = |of_right: &usize| {
            lefts
                .iter()
                .filter(|of_left| places[**of_left] > places[*of_right])
                .count()
        };
        sides[right].iter().map(crossing).sum::<usize>()
    };
    pairs(&grid.above) + pairs(&grid.below)
}

fn cost(grid: &Grid) -> usize {
    let places = grid.places();
    let crossings: usize = grid.layers.iter().map(|layer| crossings(grid, &places, layer)).sum();
    let inversions = grid
        .below
        .iter()
        .map(|below| inversions(below.iter().map(|item| places[*item])));
    crossings * CROSSING + inversions.sum::<usize>()
}

fn crossings(grid: &Grid, places: &[usize], layer: &[usize]) -> usize {
    let mut ends = Vec::new();
    for item in layer {
        let from = ends.len();
        ends.extend(grid.below[*item].iter().map(|below| places[*below]));
        ends[from..].sort_unstable();
    }
    inversions(ends.into_iter())
}

/// How many pairs of numbers stand the wrong way round.
fn inversions(numbers: impl Iterator<Item = usize>) -> usize {
    let mut sorted: Vec<usize> = Vec::new();
    let mut inversions = 0;
    for number in numbers {
        let at = sorted.partition_point(|before| *before <= number);
        inversions += sorted.len() - at;
        sorted.insert(at, number);
    }
    inversions
}
