//! The first step: which edges go back, and in which rank each node is.

use super::shape::Edge;

/// An edge from its upper to its lower node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Down {
    pub(super) upper: usize,
    pub(super) lower: usize,
    /// Whether the edge itself goes up.
    pub(super) reversed: bool,
}

/// All edges turned so that they go down. Edges from a node to itself are `None`.
pub(super) fn turned(nodes: usize, edges: &[Edge]) -> Vec<Option<Down>> {
    let mut out = vec![Vec::new(); nodes];
    for (at, edge) in edges.iter().enumerate() {
        out[edge.from].push(at);
    }
    // 0: not seen, 1: on the way here, 2: done. What leads to something on the way here goes back.
    let mut seen = vec![0_u8; nodes];
    let mut back = vec![false; edges.len()];
    for root in 0..nodes {
        if seen[root] != 0 {
            continue;
        }
        seen[root] = 1;
        let mut stack = vec![(root, 0)];
        while let Some((node, next)) = stack.pop() {
            let Some(&edge) = out[node].get(next) else {
                seen[node] = 2;
                continue;
            };
            stack.push((node, next + 1));
            let to = edges[edge].to;
            match seen[to] {
                0 => {
                    seen[to] = 1;
                    stack.push((to, 0));
                }
                1 => back[edge] = true,
                _ => {}
            }
        }
    }
    let turn = |(at, edge): (usize, &Edge)| {
        let (upper, lower) = if back[at] {
            (edge.to, edge.from)
        } else {
            (edge.from, edge.to)
        };
        (edge.from != edge.to).then_some(Down {
            upper,
            lower,
            reversed: back[at],
        })
    };
    edges.iter().enumerate().map(turn).collect()
}

/// The nodes so that each comes after those above it.
fn sorted(nodes: usize, downs: &[Option<Down>]) -> Vec<usize> {
    let mut above = vec![0_usize; nodes];
    let mut below = vec![Vec::new(); nodes];
    for down in downs.iter().flatten() {
        above[down.lower] += 1;
        below[down.upper].push(down.lower);
    }
    let mut sorted: Vec<usize> = (0..nodes).filter(|node| above[*node] == 0).collect();
    let mut at = 0;
    while let Some(&node) = sorted.get(at) {
        at += 1;
        for &lower in &below[node] {
            above[lower] -= 1;
            if above[lower] == 0 {
                sorted.push(lower);
            }
        }
    }
    sorted
}

/// The rank of each node: one below the lowest node above it, or lower where that makes its edges shorter.
pub(super) fn ranks(nodes: usize, downs: &[Option<Down>]) -> Vec<usize> {
    let order = sorted(nodes, downs);
    let mut above = vec![Vec::new(); nodes];
    let mut below = vec![Vec::new(); nodes];
    for down in downs.iter().flatten() {
        above[down.lower].push(down.upper);
        below[down.upper].push(down.lower);
    }
    let mut ranks = vec![0; nodes];
    for &node in &order {
        ranks[node] = above[node].iter().map(|upper| ranks[*upper] + 1).max().unwrap_or(0);
    }
    for &node in order.iter().rev() {
        let lowest = below[node].iter().map(|lower| ranks[*lower] - 1).min();
        if let Some(lowest) = lowest
            && (below[node].len() > above[node].len())
        {
            ranks[node] = lowest.max(ranks[node]);
        }
    }
    let first = ranks.iter().min().copied().unwrap_or(0);
    ranks.iter().map(|rank| rank - first).collect()
}

/// For each edge how long the longest way is that goes through it.
pub(super) fn longest(nodes: usize, edges: &[Edge], downs: &[Option<Down>]) -> Vec<usize> {
    let order = sorted(nodes, downs);
    let usual = |(edge, down): (&Edge, &Option<Down>)| down.filter(|down| edge.usual && !down.reversed);
    let usual: Vec<Option<Down>> = edges.iter().zip(downs).map(usual).collect();
    let mut out = vec![Vec::new(); nodes];
    for down in usual.iter().flatten() {
        out[down.upper].push(down.lower);
    }
    let (mut above, mut below) = (vec![0; nodes], vec![0; nodes]);
    for &node in &order {
        for &lower in &out[node] {
            above[lower] = above[lower].max(above[node] + 1);
        }
    }
    for &node in order.iter().rev() {
        below[node] = out[node].iter().map(|lower| below[*lower] + 1).max().unwrap_or(0);
    }
    let through = |down: &Option<Down>| down.map_or(0, |down| above[down.upper] + below[down.lower] + 1);
    usual.iter().map(through).collect()
}
