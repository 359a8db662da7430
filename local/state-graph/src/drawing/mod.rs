//! A chart in its places: flows are laid out from the innermost to the outermost, since no way crosses a flow's border.

mod content;
mod label;
mod shape;

pub(crate) use content::{LINE, NAME_LINE, PAD, TEXT};
pub(crate) use shape::{Dot, Strip};
pub use shape::{Drawing, StateBox, WayPath};

use crate::chart::Chart;
use crate::layers::{self, Body, Edge, Point, Rect};
use crate::model::{Flow, Kind, Node, StateOf};
use crate::overlay::{Overlay, Words};
use crate::text::{self, SMALL};
use std::collections::BTreeMap;

/// The space around the whole drawing, around what is in a Parallel or Map, and between branches.
const MARGIN: f64 = 16.0;
const INSIDE: f64 = 16.0;

/// The size of a nested flow's start.
const DOT: f64 = 8.0;

/// Draws a chart.
pub(crate) fn draw(chart: &Chart, overlay: &Overlay, words: &Words) -> Drawing {
    let draftsman = Draftsman { chart, overlay, words };
    let mut drawing = Drawing::default();
    if let Some(flow) = chart.flows.first() {
        let inner = draftsman.flow(flow);
        (drawing.width, drawing.height) = (inner.width + 2.0 * MARGIN, inner.height + 2.0 * MARGIN);
        drawing.add(inner, Point { x: MARGIN, y: MARGIN });
    }
    drawing
}

struct Draftsman<'c> {
    chart: &'c Chart,
    overlay: &'c Overlay,
    words: &'c Words,
}

impl Draftsman<'_> {
    fn flow(&self, flow: &Flow) -> Drawing {
        let is_outer = flow.owner.is_none();
        let mut bundles = label::bundles(self.chart, flow, self.words);
        bundles.retain(|bundle| is_outer || bundle.to != Node::End);
        let mut nodes: Vec<Node> = Vec::new();
        nodes.extend(
            bundles
                .iter()
                .map(|bundle| bundle.from)
                .find(|from| *from == Node::Start),
        );
        nodes.extend(flow.states.iter().map(|state| Node::State(*state)));
        nodes.extend(bundles.iter().map(|bundle| bundle.to).find(|to| *to == Node::End));
        let index: BTreeMap<Node, usize> = nodes.iter().enumerate().map(|(at, node)| (*node, at)).collect();
        let parts: Vec<Drawing> = nodes.iter().map(|node| self.node(*node, flow)).collect();
        let edges: Vec<Edge> = bundles
            .iter()
            .map(|bundle| Edge {
                from: index[&bundle.from],
                to: index[&bundle.to],
                label: bundle.size(),
                usual: !bundle.is_catch,
            })
            .collect();
        let body = |part: &Drawing| Body {
            left: part.width / 2.0,
            right: part.width / 2.0,
            height: part.height,
            width: part.width,
        };
        let bodies: Vec<Body> = parts.iter().map(body).collect();
        let laid = layers::lay(&bodies, &edges);
        let mut drawing = Drawing {
            width: laid.width,
            height: laid.height,
            ..Drawing::default()
        };
        for (part, top) in parts.into_iter().zip(laid.nodes) {
            let by = Point {
                x: top.x - part.width / 2.0,
                y: top.y,
            };
            drawing.add(part, by);
        }
        for (bundle, route) in bundles.into_iter().zip(laid.edges) {
            let path = WayPath {
                from: self.name(bundle.from),
                to: self.name(bundle.to),
                is_catch: bundle.is_catch,
                title: bundle.title,
                ..WayPath::default()
            };
            drawing.paths.push(path.along(route, bundle.lines));
        }
        drawing
    }

    fn name(&self, node: Node) -> String {
        match node {
            Node::State(state) => self.chart.states[state].name.clone(),
            Node::Start | Node::End => String::new(),
        }
    }

    fn node(&self, node: Node, flow: &Flow) -> Drawing {
        let is_outer = flow.owner.is_none();
        match node {
            Node::Start => {
                let first = flow.links.iter().find(|link| link.from == Node::Start);
                let leads_to = first.map(|link| self.name(link.to)).unwrap_or_default();
                dot(&self.words.start, is_outer, false, leads_to)
            }
            Node::End => dot(&self.words.end, is_outer, true, String::new()),
            Node::State(at) => self.state(at, &self.chart.states[at]),
        }
    }

    fn state(&self, at: usize, state: &StateOf) -> Drawing {
        let content = content::content(state, self.overlay, self.words);
        let flows: Vec<Drawing> = self.chart.flows_of(at).map(|flow| self.flow(flow)).collect();
        let mut drawing = Drawing {
            width: content.width,
            height: content.height,
            ..Drawing::default()
        };
        let framed = if state.kind == Kind::Parallel { INSIDE } else { 0.0 };
        let inner: f64 = flows.iter().map(|flow| flow.width + 2.0 * framed + INSIDE).sum();
        let mut inside = Drawing::default();
        if !flows.is_empty() {
            drawing.width = drawing.width.max(((inner + INSIDE) / 8.0).ceil() * 8.0);
            let highest = flows.iter().map(|flow| flow.height).fold(0.0, f64::max);
            drawing.height += highest + 2.0 * framed + INSIDE;
            let mut x = (drawing.width - inner + INSIDE) / 2.0;
            for flow in flows {
                let width = flow.width + 2.0 * framed;
                if framed > 0.0 {
                    let height = highest + 2.0 * framed;
                    inside.frames.push(Rect {
                        x,
                        y: content.height,
                        width,
                        height,
                    });
                }
                inside.add(
                    flow,
                    Point {
                        x: x + framed,
                        y: content.height + framed,
                    },
                );
                x += width + INSIDE;
            }
        }
        drawing.boxes.push(StateBox {
            name: state.name.clone(),
            rect: Rect {
                x: 0.0,
                y: 0.0,
                width: drawing.width,
                height: drawing.height,
            },
            header: Rect {
                x: 0.0,
                y: 0.0,
                width: drawing.width,
                height: content.height,
            },
            state: at,
            content,
        });
        drawing.add(inside, Point::default());
        drawing
    }
}

fn dot(text: &str, is_outer: bool, is_end: bool, leads_to: String) -> Drawing {
    let (width, height) = if is_outer {
        (((text::width(text, SMALL) + 24.0) / 8.0).ceil() * 8.0, 28.0)
    } else {
        (DOT, DOT)
    };
    let text = if is_outer { text.to_owned() } else { String::new() };
    let rect = Rect {
        x: 0.0,
        y: 0.0,
        width,
        height,
    };
    Drawing {
        width,
        height,
        dots: vec![Dot {
            rect,
            text,
            is_end,
            leads_to,
        }],
        ..Drawing::default()
    }
}
