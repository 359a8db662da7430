//! A state as SVG: its box, its sign, its name, and what a run did.

use super::neighbours::{NAMES, Near};
use super::sign;
use super::write;
use crate::chart::Chart;
use crate::drawing::{LINE, NAME_LINE, PAD, StateBox, TEXT};
use crate::layers::Rect;
use crate::model::StateOf;
use crate::overlay::{Look, Options, Overlay, Status, Words};
use crate::text::escaped;
use std::fmt::Write;

fn classes(of: &StateOf, overlay: &Overlay) -> String {
    let status = overlay
        .states
        .get(&of.name)
        .map_or(Status::NotReached, |look| look.status);
    let mut classes = of.kind.class().to_owned();
    if overlay.started {
        classes.push(' ');
        classes.push_str(status.class());
    }
    if overlay.selected.as_deref() == Some(of.name.as_str()) {
        classes.push_str(" is-selected");
    }
    classes
}

/// What is behind the states in a Parallel or Map.
pub(super) fn ground(svg: &mut String, chart: &Chart, overlay: &Overlay, state: &StateBox) {
    let classes = classes(&chart.states[state.state], overlay);
    let _ = write!(
        svg,
        "<g class=\"container {classes}\"><rect class=\"paper\" {at}/><rect class=\"tint\" {at}/></g>",
        at = write::rect(&state.rect, 12.0)
    );
}

/// A state.
pub(super) fn element(
    svg: &mut String,
    chart: &Chart,
    overlay: &Overlay,
    options: &Options,
    state: &StateBox,
    near: &Near<'_>,
) {
    let of = &chart.states[state.state];
    let look = overlay.states.get(&of.name);
    let is_container = state.rect != state.header;
    let container = if is_container { " is-container" } else { "" };
    let classes = classes(of, overlay);
    let link = options.href.as_ref().map(|href| escaped(&href(&of.name)));
    let _ = match &link {
        Some(link) => write!(svg, "<a href=\"{link}\""),
        None => write!(svg, "<g role=\"img\" tabindex=\"0\""),
    };
    let label = escaped(&label(of, look, overlay.started, &options.words));
    let name = escaped(&of.name);
    let _ = write!(
        svg,
        " class=\"state {classes}{container}\" data-state=\"{name}\" aria-label=\"{label}\""
    );
    if overlay.selected.as_deref() == Some(of.name.as_str()) {
        svg.push_str(" aria-current=\"true\"");
    }
    for (side, neighbour) in NAMES.iter().zip(near) {
        if let Some(neighbour) = neighbour {
            let _ = write!(svg, " data-{side}=\"{}\"", escaped(neighbour));
        }
    }
    let _ = write!(svg, "><title>{label}</title>");
    body(svg, state, is_container);
    svg.push_str(if link.is_some() { "</a>" } else { "</g>" });
    // What is written lies over the link and is not in it: the link's label says it all.
    let _ = write!(svg, "<g class=\"face {classes}\" aria-hidden=\"true\">");
    inside(svg, of, look, state, link.as_deref());
    svg.push_str("</g>");
}

/// The box itself.
fn body(svg: &mut String, state: &StateBox, is_container: bool) {
    let radius = if is_container { 12.0 } else { 8.0 };
    let at = write::rect(&state.rect, radius);
    if is_container {
        let _ = write!(
            svg,
            "<rect class=\"hit\" fill=\"none\" {}/>",
            write::rect(&state.header, radius)
        );
    } else {
        let _ = write!(svg, "<rect class=\"paper\" {at}/><rect class=\"tint\" {at}/>");
    }
    let ring = Rect {
        x: state.rect.x - 4.0,
        y: state.rect.y - 4.0,
        width: state.rect.width + 8.0,
        height: state.rect.height + 8.0,
    };
    let ring = write::rect(&ring, radius + 4.0);
    let _ = write!(
        svg,
        "<rect class=\"border\" fill=\"none\" {at}/><rect class=\"focus\" fill=\"none\" {ring}/>"
    );
}

fn inside(svg: &mut String, of: &StateOf, look: Option<&Look>, state: &StateBox, link: Option<&str>) {
    let content = &state.content;
    let Rect { x, y, width, .. } = state.rect;
    let _ = write!(
        svg,
        "<rect class=\"tile\" x=\"{}\" y=\"{}\" width=\"28\" height=\"28\" rx=\"6\"/>\
         <g class=\"sign\" fill=\"none\" transform=\"translate({} {})\">{}</g>",
        x + 8.0,
        y + PAD,
        x + 12.0,
        y + PAD + 4.0,
        sign::of_kind(&of.kind)
    );
    let text = x + TEXT;
    let mut base = y + PAD + 14.0;
    write::lines(svg, "name", &content.name, text, base, NAME_LINE);
    base += (content.name.len() - 1) as f64 * NAME_LINE + 18.0;
    write::lines(svg, "does", &content.does, text, base, LINE);
    base += (content.does.len() - 1) as f64 * LINE;
    if let Some(took) = &content.took {
        let right = x + width - PAD;
        let _ = write!(
            svg,
            "<text class=\"took\" text-anchor=\"end\" x=\"{right}\" y=\"{base}\">{}</text>",
            escaped(took)
        );
    }
    if let Some(retry) = &content.retry {
        base += LINE;
        let class = if content.is_retried {
            "retry is-retried"
        } else {
            "retry"
        };
        let _ = match link {
            Some(link) => write!(svg, "<a class=\"{class}\" tabindex=\"-1\" href=\"{link}\">"),
            None => write!(svg, "<g class=\"{class}\">"),
        };
        let _ = write!(
            svg,
            "<title>{}</title><g class=\"sign\" fill=\"none\" transform=\"translate({text} {})\">{}</g>",
            escaped(&of.retry.join("\n")),
            base - 10.0,
            sign::RETRY
        );
        write::lines(svg, "does", std::slice::from_ref(retry), text + 16.0, base, LINE);
        svg.push_str(if link.is_some() { "</a>" } else { "</g>" });
    }
    write::lines(svg, "note", &content.note, text, base + LINE, LINE);
    if let Some(look) = look.filter(|look| look.status != Status::NotReached) {
        let _ = write!(
            svg,
            "<g class=\"status\" fill=\"none\" transform=\"translate({} {})\">{}</g>",
            x + width - PAD - 16.0,
            y + PAD,
            sign::of_status(look.status)
        );
    }
}

/// What those hear who do not see: `TrainModel, Task, Succeeded, 3.2 s`.
fn label(of: &StateOf, look: Option<&Look>, has_run: bool, words: &Words) -> String {
    let mut parts = vec![of.name.clone(), of.kind.name().to_owned()];
    if has_run {
        let status = look.map_or(Status::NotReached, |look| look.status);
        parts.push(words.status(status).to_owned());
    }
    if let Some(took) = look.and_then(|look| look.took) {
        parts.push(crate::words::duration(took));
    }
    if let Some(attempts) = look.map(|look| look.attempts).filter(|attempts| *attempts > 1) {
        parts.push(format!("{attempts} {}", words.attempts));
    }
    parts.extend(look.and_then(|look| look.note.clone()));
    parts.join(", ")
}
