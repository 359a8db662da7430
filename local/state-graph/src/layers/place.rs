//! The fifth step: where each column stands. Columns pull at what they lead to, and keep their distance from one another.

use super::align::Columns;
use super::grid::{Grid, Item};

/// How often the columns are pulled.
const ROUNDS: usize = 60;

/// They are at rest when none moves further than this, in pixels.
const AT_REST: f64 = 0.25;

/// All places are multiples of this, in pixels.
pub(super) const STEP: f64 = 4.0;

/// A column must be at least so far right of another one.
#[derive(Clone, Copy)]
struct Apart {
    left: usize,
    right: usize,
    by: f64,
}

/// Columns that have been pushed together and move as one.
struct Group {
    members: Vec<usize>,
    weight: f64,
    /// Where its first member stands.
    at: f64,
}

/// Where the middle of each item is.
pub(super) fn place(grid: &Grid, columns: &Columns) -> Vec<f64> {
    let aparts = aparts(grid, columns);
    let order = sorted(columns.count, &aparts);
    let mut into: Vec<Vec<Apart>> = vec![Vec::new(); columns.count];
    for apart in &aparts {
        into[apart.right].push(*apart);
    }
    let pulls = pulls(grid, columns);
    let mut wanted = vec![0.0; columns.count];
    let mut at = vec![0.0; columns.count];
    for round in 0..ROUNDS {
        let before = std::mem::replace(&mut at, pushed(&order, &into, &wanted, &pulls));
        let moved = before
            .iter()
            .zip(&at)
            .map(|(before, at)| (at - before).abs())
            .fold(0.0, f64::max);
        if round > 0 && moved < AT_REST {
            break;
        }
        // At first they move all the way, later half of it, so that they come to rest.
        let share = if round < ROUNDS / 3 { 1.0 } else { 0.5 };
        for column in 0..columns.count {
            let sum: f64 = pulls[column].iter().map(|(other, weight)| at[*other] * weight).sum();
            let weight: f64 = pulls[column].iter().map(|(_, weight)| weight).sum();
            let target = if weight > 0.0 { sum / weight } else { at[column] };
            wanted[column] = at[column] + (target - at[column]) * share;
        }
    }
    let on_grid = |column: &usize| (at[*column] / STEP).floor() * STEP;
    columns.of.iter().map(on_grid).collect()
}

/// How far apart neighbours in a layer are, from middle to middle.
fn distance(left: &Item, right: &Item) -> f64 {
    let between = match (left.is_node, right.is_node) {
        (true, true) => 40.0,
        (true, false) | (false, true) => 24.0,
        (false, false) => 20.0,
    };
    ((left.right + right.left + between) / STEP).ceil() * STEP
}

fn aparts(grid: &Grid, columns: &Columns) -> Vec<Apart> {
    let mut aparts = Vec::new();
    for layer in &grid.layers {
        for pair in layer.windows(2) {
            let by = distance(&grid.items[pair[0]], &grid.items[pair[1]]);
            aparts.push(Apart {
                left: columns.of[pair[0]],
                right: columns.of[pair[1]],
                by,
            });
        }
    }
    aparts
}

/// The columns so that each comes after those left of it.
fn sorted(count: usize, aparts: &[Apart]) -> Vec<usize> {
    let mut before = vec![0_usize; count];
    let mut after = vec![Vec::new(); count];
    for apart in aparts {
        before[apart.right] += 1;
        after[apart.left].push(apart.right);
    }
    let mut sorted: Vec<usize> = (0..count).filter(|column| before[*column] == 0).collect();
    let mut at = 0;
    while let Some(&column) = sorted.get(at) {
        at += 1;
        for &right in &after[column] {
            before[right] -= 1;
            if before[right] == 0 {
                sorted.push(right);
            }
        }
    }
    sorted
}

/// For each column the others that pull at it, and how strongly.
fn pulls(grid: &Grid, columns: &Columns) -> Vec<Vec<(usize, f64)>> {
    let mut pulls = vec![Vec::new(); columns.count];
    for chain in &grid.chains {
        for pair in chain.windows(2) {
            let (upper, lower) = (columns.of[pair[0]], columns.of[pair[1]]);
            if upper != lower {
                // A label stays near the node that its edge leaves.
                let weight = if grid.items[pair[0]].is_node && grid.items[pair[1]].is_label {
                    3.0
                } else {
                    1.0
                };
                pulls[upper].push((lower, weight));
                pulls[lower].push((upper, weight));
            }
        }
    }
    pulls
}

/// Where the columns stand if each goes as near to where it is wanted as the others let it: from left to right, and
/// what is too near to something on its left becomes one group with it.
fn pushed(order: &[usize], into: &[Vec<Apart>], wanted: &[f64], pulls: &[Vec<(usize, f64)>]) -> Vec<f64> {
    let count = wanted.len();
    let mut group_of: Vec<Option<usize>> = vec![None; count];
    let mut offset = vec![0.0; count];
    let mut groups: Vec<Group> = Vec::new();
    for &column in order {
        let weight = 1.0 + pulls[column].len() as f64;
        group_of[column] = Some(groups.len());
        groups.push(Group {
            members: vec![column],
            weight,
            at: wanted[column],
        });
        while let Some((near, push)) = nearest(groups.len() - 1, &groups, &group_of, &offset, into) {
            merge(near, push, &mut groups, &mut group_of, &mut offset);
        }
    }
    let place = |column: usize| group_of[column].map_or(0.0, |group| groups[group].at + offset[column]);
    (0..count).map(place).collect()
}

/// The group that the last one is most too near to: how far right of that one's place its own place would have to be.
fn nearest(
    last: usize,
    groups: &[Group],
    group_of: &[Option<usize>],
    offset: &[f64],
    into: &[Vec<Apart>],
) -> Option<(usize, f64)> {
    let mut worst: Option<(f64, usize, f64)> = None;
    for &member in &groups[last].members {
        for apart in &into[member] {
            let Some(other) = group_of[apart.left].filter(|other| *other != last) else {
                continue;
            };
            let push = offset[apart.left] + apart.by - offset[member];
            let missing = groups[other].at + push - groups[last].at;
            if missing > 1e-6 && worst.is_none_or(|(most, ..)| missing > most) {
                worst = Some((missing, other, push));
            }
        }
    }
    worst.map(|(_, other, push)| (other, push))
}

/// Makes the last group and another one a single group, which is the last then. Its place is the mean of theirs.
fn merge(other: usize, push: f64, groups: &mut Vec<Group>, group_of: &mut [Option<usize>], offset: &mut [f64]) {
    let Some(mut last) = groups.pop() else {
        return;
    };
    let into = &mut groups[other];
    let weight = into.weight + last.weight;
    into.at = (into.at * into.weight + (last.at - push) * last.weight) / weight;
    into.weight = weight;
    for member in &last.members {
        offset[*member] += push;
    }
    into.members.append(&mut last.members);
    // It becomes the last one, so that the next column finds it there.
    let end = groups.len() - 1;
    groups.swap(other, end);
    for group in [other, end] {
        for member in &groups[group].members {
            group_of[*member] = Some(group);
        }
    }
}
