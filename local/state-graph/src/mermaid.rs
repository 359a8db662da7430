//! The drawing as a Mermaid flowchart, which GitHub shows in Markdown.

use crate::chart::Chart;
use crate::model::{Flow, Kind, Node, Way, WayKind};
use crate::overlay::{Overlay, Status, Words};
use crate::text::{SMALL, shown, wrap};
use std::fmt::Write;

/// The colours of each status that has some, for light and dark pages alike.
const COLOURS: [(Status, &str, &str); 7] = [
    (Status::Running, "#dbeafe", "#2563eb"),
    (Status::Waiting, "#ede9fe", "#6d4fc4"),
    (Status::Succeeded, "#dcfce7", "#167c3c"),
    (Status::Caught, "#ffedd5", "#a35a00"),
    (Status::Failed, "#fee2e2", "#c62828"),
    (Status::TimedOut, "#fee2e2", "#c62828"),
    (Status::Aborted, "#e5e7eb", "#5b6573"),
];

/// The flowchart of a chart.
pub(crate) fn flowchart(chart: &Chart, overlay: &Overlay) -> String {
    let mut writer = Writer {
        chart,
        overlay,
        words: Words::default(),
        text: "flowchart TD\n".to_owned(),
        thick: Vec::new(),
        links: 0,
    };
    if let Some(flow) = chart.flows.first() {
        writer.flow(flow, 0, 1);
    }
    writer.classes();
    writer.text
}

struct Writer<'c> {
    chart: &'c Chart,
    overlay: &'c Overlay,
    words: Words,
    text: String,
    /// The links that were taken.
    thick: Vec<usize>,
    links: usize,
}

impl Writer<'_> {
    fn line(&mut self, depth: usize, line: &str) {
        let _ = writeln!(self.text, "{}{line}", "  ".repeat(depth));
    }

    fn flow(&mut self, flow: &Flow, index: usize, depth: usize) {
        let is_outer = flow.owner.is_none();
        let has = |node: Node| flow.links.iter().any(|link| link.from == node || link.to == node);
        if has(Node::Start) {
            let shape = if is_outer {
                format!("f{index}start([\"{}\"])", self.words.start)
            } else {
                format!("f{index}start(( ))")
            };
            self.line(depth, &shape);
        }
        for &state in &flow.states {
            self.state(state, depth);
        }
        if is_outer && has(Node::End) {
            let shape = format!("f{index}end([\"{}\"])", self.words.end);
            self.line(depth, &shape);
        }
        for link in &flow.links {
            if !is_outer && link.to == Node::End {
                continue;
            }
            let way = &self.chart.ways[link.way];
            let (from, to) = (self.id(link.from, index), self.id(link.to, index));
            let arrow = if matches!(way.kind, WayKind::Catch { .. }) {
                "-.->"
            } else {
                "-->"
            };
            let label = self.label(way).map_or(String::new(), |label| format!("|\"{label}\"|"));
            self.line(depth, &format!("{from} {arrow}{label} {to}"));
            if self.overlay.taken.contains(&(way.from.clone(), way.to.clone())) {
                self.thick.push(self.links);
            }
            self.links += 1;
        }
    }

    fn id(&self, node: Node, flow: usize) -> String {
        match node {
            Node::Start => format!("f{flow}start"),
            Node::End => format!("f{flow}end"),
            Node::State(state) => format!("s{state}"),
        }
    }

    fn label(&self, way: &Way) -> Option<String> {
        match &way.kind {
            WayKind::Start | WayKind::Next | WayKind::End => None,
            WayKind::Choice { condition } => Some(in_lines(condition)),
            WayKind::Default => Some(self.words.otherwise.clone()),
            WayKind::Catch { errors } => Some(in_lines(&errors.join(", "))),
        }
    }

    fn state(&mut self, at: usize, depth: usize) {
        let state = &self.chart.states[at];
        let mut text = quoted(&state.name);
        if let Some(does) = &state.does {
            let _ = write!(text, "<br/>{}", quoted(does));
        }
        if let Some(took) = self.overlay.states.get(&state.name).and_then(|look| look.took) {
            let _ = write!(text, "<br/>{}", crate::words::duration(took));
        }
        let flows: Vec<(usize, &Flow)> = self
            .chart
            .flows
            .iter()
            .enumerate()
            .filter(|(_, flow)| flow.owner == Some(at))
            .collect();
        if !flows.is_empty() {
            self.line(depth, &format!("subgraph s{at}[\"{text}\"]"));
            for (branch, (index, flow)) in flows.iter().enumerate() {
                if state.kind == Kind::Parallel {
                    self.line(depth + 1, &format!("subgraph f{index}[\"{}\"]", branch + 1));
                    self.flow(flow, *index, depth + 2);
                    self.line(depth + 1, "end");
                } else {
                    self.flow(flow, *index, depth + 1);
                }
            }
            self.line(depth, "end");
            return;
        }
        let (open, close) = match state.kind {
            Kind::Choice => ("{{", "}}"),
            Kind::Succeed | Kind::Fail => ("([", "])"),
            Kind::Task | Kind::Parallel | Kind::Map | Kind::Pass | Kind::Wait => ("(", ")"),
            Kind::Unknown(_) | Kind::Missing => ("[", "]"),
        };
        self.line(depth, &format!("s{at}{open}\"{text}\"{close}"));
    }

    fn classes(&mut self) {
        for (status, fill, line) in COLOURS {
            let look = |at: &usize| self.overlay.states.get(&self.chart.states[*at].name);
            let having = |at: &usize| look(at).is_some_and(|look| look.status == status);
            let ids: Vec<String> = (0..self.chart.states.len())
                .filter(having)
                .map(|at| format!("s{at}"))
                .collect();
            if !ids.is_empty() {
                let class = status.class();
                self.line(1, &format!("classDef {class} fill:{fill},stroke:{line},color:#1b2027"));
                self.line(1, &format!("class {} {class}", ids.join(",")));
            }
        }
        if !self.thick.is_empty() {
            let links: Vec<String> = self.thick.iter().map(usize::to_string).collect();
            self.line(1, &format!("linkStyle {} stroke-width:3px", links.join(",")));
        }
    }
}

/// A label in as many lines as in the SVG, so that long conditions do not lie over what is beside them.
fn in_lines(text: &str) -> String {
    let lines = wrap(text, 216.0, 3, SMALL);
    lines.iter().map(|line| quoted(line)).collect::<Vec<_>>().join("<br/>")
}

/// A text as it stands between quotation marks: whatever Mermaid, Markdown or HTML could take for its own is written by
/// its number.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for character in shown(text).chars() {
        match character {
            ' ' | '.' | ',' | '-' | '(' | ')' | '=' | '+' | '?' | '$' => quoted.push(character),
            _ if character.is_alphanumeric() || character as u32 >= 0x100 || character == '·' || character == '×' => {
                quoted.push(character);
            }
            _ => {
                let _ = write!(quoted, "#{};", character as u32);
            }
        }
    }
    quoted
}
