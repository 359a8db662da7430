//! Between two layers each edge that goes aside has a lane: edges that would lie over one another have different ones.

use super::grid::Grid;

/// The lanes of all edges.
pub(super) struct Lanes {
    /// For each edge and each of its pieces the lane, from above; none where it goes straight down.
    pub(super) of: Vec<Vec<Option<usize>>>,
    /// How many lanes there are below each layer.
    pub(super) counts: Vec<usize>,
}

/// A piece that goes aside, of one edge or of several that go together.
struct Aside {
    pieces: Vec<(usize, usize)>,
    /// The lower item of the pieces.
    lower: usize,
    from: f64,
    to: f64,
}

impl Aside {
    fn meets(&self, other: &Self) -> bool {
        let ends = |aside: &Self| (aside.from.min(aside.to), aside.from.max(aside.to));
        let ((left, right), (other_left, other_right)) = (ends(self), ends(other));
        left <= other_right && other_left <= right
    }
}

/// Gives lanes to edges whose items and ports are at these places.
pub(super) fn lanes(grid: &Grid, xs: &[Vec<f64>]) -> Lanes {
    let mut lanes = Lanes {
        of: xs.iter().map(|xs| vec![None; xs.len().saturating_sub(1)]).collect(),
        counts: vec![0; grid.layers.len()],
    };
    let mut by_layer: Vec<Vec<Aside>> = grid.layers.iter().map(|_| Vec::new()).collect();
    for (edge, chain) in grid.chains.iter().enumerate() {
        for (piece, pair) in xs[edge].windows(2).enumerate() {
            if pair[0] != pair[1] {
                let layer = grid.items[chain[piece]].layer;
                let (lower, from, to) = (chain[piece + 1], pair[0], pair[1]);
                let same = |aside: &&mut Aside| (aside.lower, aside.from, aside.to) == (lower, from, to);
                match by_layer[layer].iter_mut().find(same) {
                    Some(aside) => aside.pieces.push((edge, piece)),
                    None => by_layer[layer].push(Aside {
                        pieces: vec![(edge, piece)],
                        lower,
                        from,
                        to,
                    }),
                }
            }
        }
    }
    for (layer, asides) in by_layer.into_iter().enumerate() {
        // What begins nearer to where it goes is above: then those beside it do not cross it.
        let (mut right, mut left): (Vec<Aside>, Vec<Aside>) =
            asides.into_iter().partition(|aside| aside.from < aside.to);
        right.sort_by(|one, other| other.from.total_cmp(&one.from).then(other.to.total_cmp(&one.to)));
        left.sort_by(|one, other| one.from.total_cmp(&other.from).then(one.to.total_cmp(&other.to)));
        let mut placed: Vec<(usize, Aside)> = Vec::new();
        for aside in right.into_iter().chain(left) {
            let met = placed
                .iter()
                .filter(|(_, other)| other.meets(&aside))
                .map(|(lane, _)| lane + 1);
            let lane = met.max().unwrap_or(0);
            for (edge, piece) in &aside.pieces {
                lanes.of[*edge][*piece] = Some(lane);
            }
            lanes.counts[layer] = lanes.counts[layer].max(lane + 1);
            placed.push((lane, aside));
        }
    }
    lanes
}
