//! The fourth step: which items stand exactly above one another. The longest way through the flow becomes one straight
//! line, and so does what passes several layers.

use super::grid::Grid;

/// Items that stand above one another.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// For each item its column.
    pub(super) of: Vec<usize>,
    /// How many there are.
    pub(super) count: usize,
}

/// The columns, when the edges are aligned in the order of their importance, the greatest first.
pub(super) fn columns(grid: &Grid, importance: &[usize]) -> Columns {
    let mut edges: Vec<usize> = (0..grid.chains.len()).collect();
    edges.sort_by_key(|edge| std::cmp::Reverse(importance[*edge]));
    let places = grid.places();
    let mut below: Vec<Option<usize>> = vec![None; grid.items.len()];
    let mut above: Vec<Option<usize>> = vec![None; grid.items.len()];
    let mut aligned: Vec<Vec<(usize, usize)>> = vec![Vec::new(); grid.layers.len()];
    for edge in edges {
        for pair in grid.chains[edge].windows(2) {
            let (upper, lower) = (pair[0], pair[1]);
            let here = (places[upper], places[lower]);
            let pairs = &mut aligned[grid.items[upper].layer];
            let crosses = |there: &(usize, usize)| (there.0 < here.0) != (there.1 < here.1);
            if below[upper].is_none() && above[lower].is_none() && !pairs.iter().any(crosses) {
                pairs.push(here);
                (below[upper], above[lower]) = (Some(lower), Some(upper));
            }
        }
    }
    let mut columns = Columns {
        of: vec![0; grid.items.len()],
        count: 0,
    };
    for top in (0..grid.items.len()).filter(|item| above[*item].is_none()) {
        let mut next = Some(top);
        while let Some(item) = next {
            columns.of[item] = columns.count;
            next = below[item];
        }
        columns.count += 1;
    }
    columns
}
