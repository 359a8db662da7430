//! The second step: layers of items. An item is a node, or a place that an edge passes in a layer.

use super::rank::Down;
use super::shape::{Body, Edge};
use std::collections::BTreeMap;

/// What stands in a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) layer: usize,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) height: f64,
    /// Whether it is a node: an item of an edge is as high as its layer.
    pub(super) is_node: bool,
    /// Whether it is the place of a label.
    pub(super) is_label: bool,
}

/// Layers of items, and how the items hang together.
#[derive(Debug, Default)]
pub(super) struct Grid {
    /// The nodes first, in their order.
    pub(super) items: Vec<Item>,
    /// The items of each layer, from left to right.
    pub(super) layers: Vec<Vec<usize>>,
    /// For each edge its items from the uppermost to the lowest, its nodes included.
    pub(super) chains: Vec<Vec<usize>>,
    /// For each edge the place in its chain from which on it goes together with one before it.
    pub(super) joins: Vec<Option<usize>>,
    /// The items that edges to a node share, by the node and the layer.
    shared: BTreeMap<(usize, usize), usize>,
    /// For each item the items below it that it leads to, in the order of the edges.
    pub(super) below: Vec<Vec<usize>>,
    /// For each item the items above it.
    pub(super) above: Vec<Vec<usize>>,
}

impl Grid {
    /// The grid of nodes in ranks. Labels stand between ranks, right below or above the node that their edge leaves.
    pub(super) fn new(bodies: &[Body], edges: &[Edge], downs: &[Option<Down>], ranks: &[usize]) -> Self {
        let last = ranks.iter().max().copied().unwrap_or(0);
        let label_rank = |edge: &Edge, down: &Down| {
            let rank = if down.reversed {
                2 * ranks[edge.from] - 1
            } else {
                2 * ranks[edge.from] + 1
            };
            edge.label.map(|_| rank)
        };
        let mut is_used: Vec<bool> = (0..=2 * last).map(|half| half % 2 == 0).collect();
        for (edge, down) in edges.iter().zip(downs) {
            if let Some(rank) = down.as_ref().and_then(|down| label_rank(edge, down)) {
                is_used[rank] = true;
            }
        }
        let mut layer_of = vec![0; is_used.len()];
        for half in 1..is_used.len() {
            layer_of[half] = layer_of[half - 1] + usize::from(is_used[half]);
        }
        let layers = vec![Vec::new(); layer_of.last().map_or(1, |last| last + 1)];
        let mut grid = Self {
            layers,
            ..Self::default()
        };
        for (node, body) in bodies.iter().enumerate() {
            grid.items.push(Item {
                layer: layer_of[2 * ranks[node]],
                left: body.left,
                right: body.right,
                height: body.height,
                is_node: true,
                is_label: false,
            });
        }
        for (edge, down) in edges.iter().zip(downs) {
            let chain = down.as_ref().map(|down| {
                let label = label_rank(edge, down).map(|half| layer_of[half]);
                grid.chain(down, edge, label)
            });
            if chain.is_none() {
                grid.joins.push(None);
            }
            grid.chains.push(chain.unwrap_or_default());
        }
        grid.connect();
        grid
    }

    /// The items of an edge. Unusual edges to the same node go together below their labels, as one trunk.
    fn chain(&mut self, down: &Down, edge: &Edge, label: Option<usize>) -> Vec<usize> {
        let mut chain = vec![down.upper];
        let mut joins = None;
        for layer in self.items[down.upper].layer + 1..self.items[down.lower].layer {
            let is_below_label = label.is_none_or(|label| layer > label);
            let may_share = !edge.usual && !down.reversed && is_below_label;
            let key = (down.lower, layer);
            if let Some(&item) = self.shared.get(&key).filter(|_| may_share) {
                joins = joins.or(Some(chain.len()));
                chain.push(item);
                continue;
            }
            let (width, height) = edge.label.filter(|_| label == Some(layer)).unwrap_or((0.0, 0.0));
            if may_share {
                self.shared.insert(key, self.items.len());
            }
            chain.push(self.items.len());
            self.items.push(Item {
                layer,
                left: width / 2.0,
                right: width / 2.0,
                height,
                is_node: false,
                is_label: label == Some(layer),
            });
        }
        chain.push(down.lower);
        self.joins.push(joins);
        chain
    }

    fn connect(&mut self) {
        self.below = vec![Vec::new(); self.items.len()];
        self.above = vec![Vec::new(); self.items.len()];
        for (chain, joins) in self.chains.iter().zip(&self.joins) {
            // What goes together is connected once.
            let own = joins.map_or(chain.len(), |joins| joins + 1);
            for pair in chain[..own].windows(2) {
                self.below[pair[0]].push(pair[1]);
                self.above[pair[1]].push(pair[0]);
            }
        }
    }

    /// Where each item stands in its layer.
    pub(super) fn places(&self) -> Vec<usize> {
        let mut places = vec![0; self.items.len()];
        for layer in &self.layers {
            for (place, item) in layer.iter().enumerate() {
                places[*item] = place;
            }
        }
        places
    }
}
