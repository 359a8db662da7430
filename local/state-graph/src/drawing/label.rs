//! What is written at ways. Ways between the same states are drawn as one.

use crate::chart::Chart;
use crate::model::{Flow, Node, Way, WayKind};
use crate::overlay::Words;
use crate::text::{self, SMALL};

/// Labels are broken beyond this width.
const LONGEST: f64 = 216.0;
/// As many lines as one condition may have.
const LINES: usize = 3;

/// Ways between the same nodes.
pub(super) struct Bundle {
    pub(super) from: Node,
    pub(super) to: Node,
    pub(super) is_catch: bool,
    pub(super) lines: Vec<String>,
    pub(super) title: String,
}

impl Bundle {
    /// The size of its label.
    pub(super) fn size(&self) -> Option<(f64, f64)> {
        let widest = self
            .lines
            .iter()
            .map(|line| text::width(line, SMALL))
            .fold(0.0, f64::max);
        let width = ((widest + 12.0) / 8.0).ceil() * 8.0;
        (!self.lines.is_empty()).then_some((width, self.lines.len() as f64 * 16.0 + 4.0))
    }
}

/// The ways of a flow. Those from one state to the same other one are one way with all their conditions.
pub(super) fn bundles(chart: &Chart, flow: &Flow, words: &Words) -> Vec<Bundle> {
    let mut bundles: Vec<Bundle> = Vec::new();
    for link in &flow.links {
        let way = &chart.ways[link.way];
        let is_catch = matches!(way.kind, WayKind::Catch { .. });
        let lines = lines(way, words);
        let title = title(way);
        let same = |bundle: &&mut Bundle| (bundle.from, bundle.to, bundle.is_catch) == (link.from, link.to, is_catch);
        match bundles.iter_mut().find(same) {
            Some(bundle) => {
                let mut lines = lines;
                if let Some(first) = lines.first_mut().filter(|_| !bundle.lines.is_empty()) {
                    *first = format!("{} {first}", words.or);
                }
                bundle.lines.extend(lines);
                bundle.title = format!("{}\n{title}", bundle.title);
            }
            None => bundles.push(Bundle {
                from: link.from,
                to: link.to,
                is_catch,
                lines,
                title,
            }),
        }
    }
    bundles
}

fn lines(way: &Way, words: &Words) -> Vec<String> {
    let wrapped = |text: &str| text::wrap(&text::shown(text), LONGEST, LINES, SMALL);
    match &way.kind {
        WayKind::Start | WayKind::Next | WayKind::End => Vec::new(),
        WayKind::Choice { condition } => wrapped(condition),
        WayKind::Default => wrapped(&words.otherwise),
        WayKind::Catch { errors } => wrapped(&errors.join(", ")),
    }
}

/// All that is to say of a way.
fn title(way: &Way) -> String {
    let what = match &way.kind {
        WayKind::Start => "StartAt".to_owned(),
        WayKind::Next => "Next".to_owned(),
        WayKind::End => "End".to_owned(),
        WayKind::Choice { condition } => condition.clone(),
        WayKind::Default => "Default".to_owned(),
        WayKind::Catch { errors } => format!("Catch {}", errors.join(", ")),
    };
    match &way.comment {
        Some(comment) => format!("{what} — {comment}"),
        None => what,
    }
}
