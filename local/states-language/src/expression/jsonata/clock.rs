//! Times as texts and as numbers, at the execution's time: the evaluator would ask the machine's clock for whatever a text
//! leaves out, such as the date of `13:45`.

use jiff::Timestamp;
use jiff::tz::Offset;
use jsonata_core::value::JValue;
use regex_lite::Regex;

/// What a text and its picture have to become for the evaluator to read them.
pub(super) enum Reading {
    /// These, with nothing left to ask a clock for.
    As { text: String, picture: String },
    /// The text does not match the picture.
    Nothing,
    /// The parts do not make up a time.
    Refused,
}

/// Fills in the parts that stand before the first one of the picture, as the execution's time has them.
pub(super) fn complete(text: &str, picture: &str, now: Timestamp) -> Reading {
    let parts = parts(picture);
    let shape = shape(&parts);
    let shown = shape.as_ref().map(|shape| shape.captures(text));
    if matches!(shown, Some(None)) {
        return Reading::Nothing;
    }
    let hour = shown
        .flatten()
        .and_then(|shown| shown.name("h")?.as_str().parse::<u64>().ok());
    let has = |component: char| {
        parts
            .iter()
            .any(|part| matches!(part, Part::Marker(marker) if marker.component == component))
    };
    let unchanged = || Reading::As {
        text: text.to_owned(),
        picture: picture.to_owned(),
    };
    if !parts.iter().any(|part| matches!(part, Part::Marker(_))) || has('Y') || has('X') {
        return unchanged();
    }
    if has('d') && !"MD".chars().any(has) {
        // A day of this year. JSONata 2.0.6 takes the time of day that is missing from the clock here, too.
        return if "PHhmsf".chars().any(has) {
            Reading::Refused
        } else {
            with_prefix(text, picture, now, "Y")
        };
    }
    // The hour 0 is none of twelve: 2.0.6 passes over it, unless it is one in the afternoon.
    let is_ignored = hour == Some(0) && !(has('P') && text.to_lowercase().contains("pm"));
    let components = if "MD".chars().any(has) || !"xwWF".chars().any(has) {
        "YMDHmsf"
    } else {
        return unchanged();
    };
    let missing = components
        .split(|component| has(component) || (component == 'H' && has('h') && !is_ignored))
        .next();
    with_prefix(text, picture, now, missing.unwrap_or_default())
}

/// The text and the picture behind these components of the time.
fn with_prefix(text: &str, picture: &str, now: Timestamp, components: &str) -> Reading {
    let now = Offset::UTC.to_datetime(now);
    let (mut times, mut markers) = (String::new(), String::new());
    for component in components.chars() {
        let value = match component {
            'Y' => now.year().to_string(),
            'M' => now.month().to_string(),
            'D' => now.day().to_string(),
            'H' => now.hour().to_string(),
            'm' => now.minute().to_string(),
            's' => now.second().to_string(),
            _ => format!("{:03}", now.millisecond()),
        };
        times.push_str(&format!("{value}|"));
        markers.push_str(&format!("[{component}]|"));
    }
    Reading::As {
        text: times + text,
        picture: markers + picture,
    }
}

/// A part of a picture.
enum Part<'p> {
    Literal(String),
    Marker(Marker<'p>),
}

/// `[Y0001,2-4]`: the component, and how it is written.
struct Marker<'p> {
    component: char,
    presentation: &'p str,
    width: Option<&'p str>,
}

fn parts(picture: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = picture;
    while !rest.is_empty() {
        let at = rest.find(['[', ']']).unwrap_or(rest.len());
        if at > 0 {
            parts.push(Part::Literal(rest[..at].to_owned()));
            rest = &rest[at..];
            continue;
        }
        // Doubled brackets are brackets.
        let end = rest.find(']');
        match (rest.starts_with("[["), rest.starts_with("]]"), end) {
            (true, ..) | (_, true, _) => {
                parts.push(Part::Literal(rest[..1].to_owned()));
                rest = &rest[2..];
            }
            (_, _, Some(end)) if end > 0 => {
                parts.extend(marker(&rest[1..end]).map(Part::Marker));
                rest = &rest[end + 1..];
            }
            _ => {
                parts.push(Part::Literal(rest[..1].to_owned()));
                rest = &rest[1..];
            }
        }
    }
    parts
}

fn marker(text: &str) -> Option<Marker<'_>> {
    let text = text.trim();
    let component = text.chars().next()?;
    let rest = &text[component.len_utf8()..];
    let (presentation, width) = match rest.rsplit_once(',') {
        Some((presentation, width)) => (presentation, Some(width)),
        None => (rest, None),
    };
    Some(Marker {
        component,
        presentation,
        width,
    })
}

/// What a text must look like for years, months and days with a width, and where its hour of twelve is; nothing where there
/// are none. JSONata takes fewer digits than the picture has from 2.1.0 on.
fn shape(parts: &[Part<'_>]) -> Option<Regex> {
    let mut pattern = String::from("(?s)^");
    let mut is_needed = false;
    for part in parts {
        match part {
            Part::Literal(literal) => {
                pattern.push_str("(?i:");
                for sign in literal.chars() {
                    if sign.is_ascii_punctuation() {
                        pattern.push('\\');
                    }
                    pattern.push(sign);
                }
                pattern.push(')');
            }
            Part::Marker(marker) if marker.component == 'h' && marker.is_decimal() => {
                is_needed = true;
                pattern.push_str("(?<h>[0-9]+)");
            }
            Part::Marker(marker) => match marker.digits() {
                Some((least, most)) => {
                    is_needed = true;
                    pattern.push_str(&format!("[0-9]{{{least},{most}}}"));
                }
                None => pattern.push_str(".*?"),
            },
        }
    }
    pattern.push('$');
    is_needed.then(|| Regex::new(&pattern).ok()).flatten()
}

impl Marker<'_> {
    /// Whether it is written in digits.
    fn is_decimal(&self) -> bool {
        self.presentation
            .chars()
            .all(|sign| sign.is_ascii_digit() || sign == '#')
    }

    /// How many digits it has, at least and at most, where JSONata 2.0.6 counts them.
    fn digits(&self) -> Option<(usize, usize)> {
        if !"YMD".contains(self.component) || !self.is_decimal() {
            return None;
        }
        let optional = self.presentation.matches('#').count();
        let mandatory = self.presentation.len() - optional;
        let (least, most) = match self.width.map(|width| width.split_once('-').unwrap_or((width, "*"))) {
            Some((least, most)) => (least.parse().unwrap_or(0), most.parse().ok()),
            None => (0, None),
        };
        let mandatory = mandatory.max(least).max(1);
        let most: usize = most.unwrap_or(mandatory + optional);
        (most >= 2).then(|| (most.saturating_sub(optional), most))
    }
}

/// Whether `$fromMillis` and `$now` take this for an offset: 2.0.6 gives `NaN` for anything else, and so no time.
pub(super) fn is_offset(timezone: &JValue) -> bool {
    match timezone {
        JValue::String(text) => {
            let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
            digits.starts_with(|first: char| first.is_ascii_digit())
        }
        _ => true,
    }
}
