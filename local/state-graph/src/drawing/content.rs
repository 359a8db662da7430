//! What is written in a state's box, and how much room that takes.

use super::shape::{Content, Strip};
use crate::model::{Kind, StateOf};
use crate::overlay::{Look, Overlay, Words};
use crate::text::{self, NAME, SMALL};
use crate::words;

/// The space between a box's side and what is in it.
pub(crate) const PAD: f64 = 12.0;
/// Where text begins in a box, right of the sign.
pub(crate) const TEXT: f64 = 44.0;
/// The height of a line of a name.
pub(crate) const NAME_LINE: f64 = 20.0;
/// The height of any other line.
pub(crate) const LINE: f64 = 16.0;

/// Names are broken beyond this width.
const LONGEST_NAME: f64 = 248.0;
/// Other lines are broken beyond this width.
const LONGEST_LINE: f64 = 272.0;
const NARROWEST: f64 = 160.0;

/// The room of a status at the right of the name, and of a time at the right of the second line.
const STATUS: f64 = 28.0;
const TIME: f64 = 84.0;

/// What stands in the box of a state.
pub(super) fn content(state: &StateOf, overlay: &Overlay, words: &Words) -> Content {
    let look = overlay.states.get(&state.name);
    let name = text::wrap(&text::shown(&state.name), LONGEST_NAME, usize::MAX, NAME);
    let does = match (&state.does, &state.kind) {
        (_, Kind::Missing) => words.missing.clone(),
        (Some(does), _) => does.clone(),
        (None, kind) => kind.name().to_owned(),
    };
    let does = text::wrap(&text::shown(&does), LONGEST_LINE, 2, SMALL);
    let attempts = look.map(|look| look.attempts).filter(|attempts| *attempts > 1);
    let retry = match attempts {
        Some(attempts) => Some(format!("{attempts} {}", words.attempts)),
        None => state.retry_in_short.clone(),
    };
    let retry = retry.map(|retry| text::wrap(&text::shown(&retry), LONGEST_LINE, 1, SMALL).remove(0));
    let note = look.and_then(|look| look.note.as_deref());
    let note = note.map(|note| text::wrap(&text::shown(note), LONGEST_LINE, 2, SMALL));
    let mut content = Content {
        name,
        does,
        took: look.and_then(|look| look.took).map(words::duration),
        retry,
        is_retried: attempts.is_some(),
        note: note.unwrap_or_default(),
        strip: look.and_then(strip),
        ..Content::default()
    };
    measure(&mut content, overlay.started);
    content
}

fn measure(content: &mut Content, has_run: bool) {
    let widest = |lines: &[String], font| lines.iter().map(|line| text::width(line, font)).fold(0.0, f64::max);
    let (status, time) = if has_run { (STATUS, TIME) } else { (0.0, 0.0) };
    let last = content.does.last().map_or(0.0, |line| text::width(line, SMALL));
    let retry = content
        .retry
        .as_deref()
        .map_or(0.0, |retry| 16.0 + text::width(retry, SMALL));
    let widths = [
        widest(&content.name, NAME) + status,
        widest(&content.does, SMALL),
        last + time,
        retry,
        widest(&content.note, SMALL),
    ];
    let inner = widths.into_iter().fold(0.0, f64::max);
    content.width = (TEXT + inner + PAD).max(NARROWEST);
    let lines = content.does.len() + usize::from(content.retry.is_some()) + content.note.len();
    content.height = 2.0 * PAD + content.name.len() as f64 * NAME_LINE + lines as f64 * LINE;
    if let Some(strip) = content.strip {
        content.width = content.width.max(strip.columns as f64 * strip.pitch + 2.0 * PAD);
        content.height += LINE + strip.rows as f64 * strip.pitch + 8.0;
    }
    content.width = (content.width / 8.0).ceil() * 8.0;
    content.height = (content.height / 4.0).ceil() * 4.0;
}

/// The cells of iterations: large enough to be met with a finger while there are few, small when there are many.
fn strip(look: &Look) -> Option<Strip> {
    let count = look.iterations.as_ref()?.statuses.len();
    let (columns, pitch, cell) = match count {
        0 => return None,
        1..=40 => (10, 24.0, 20.0),
        41..=200 => (20, 16.0, 13.0),
        201..=1000 => (50, 8.0, 7.0),
        1001..=20_000 => (100, 4.0, 4.0),
        _ => (200, 4.0, 4.0),
    };
    let columns = columns.min(count);
    Some(Strip {
        columns,
        rows: count.div_ceil(columns),
        pitch,
        cell,
    })
}
