//! Templates as text: YAML with CloudFormation's short forms, read into JSON with the long ones.
//!
//! `!Sub x` becomes `{"Fn::Sub": "x"}`. The line and column of each thing are kept, for faults that are found later.
//! JSON is YAML too. The reader is libyaml's, in Rust, and plain words mean what they mean in YAML 1.1: SAM and CloudFormation
//! read templates so.

use super::fault::Fault;
use libyaml_safer::{Event, EventData, Mark, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// The functions that have a short form: the name after the exclamation mark.
const FUNCTIONS: &[&str] = &[
    "And",
    "Base64",
    "Cidr",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Not",
    "Or",
    "Select",
    "Split",
    "Sub",
    "Transform",
];

/// The deepest nesting: no template comes near it.
const DEEPEST: usize = 100;

/// The most that aliases may repeat.
const MOST_REPEATED: usize = 100_000;

/// How many texts are remembered with what they hold. A deployment reads each of its templates several times, each time for
/// something else.
const REMEMBERED: usize = 8;

/// The texts that were read last, the newest first.
static READ: Mutex<VecDeque<(Box<str>, Source)>> = Mutex::new(VecDeque::new());

/// A document and where its parts stand.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// The document.
    pub(crate) value: Arc<Value>,
    positions: Arc<HashMap<String, (usize, usize)>>,
}

impl Source {
    /// Reads one document.
    pub(crate) fn read(text: &str) -> Result<Self, Fault> {
        let read = || READ.lock().unwrap_or_else(PoisonError::into_inner);
        let known = read()
            .iter()
            .find(|(known, _)| **known == *text)
            .map(|(_, source)| source.clone());
        if let Some(source) = known {
            return Ok(source);
        }
        let source = Self::parse(text)?;
        let mut read = read();
        read.push_front((text.into(), source.clone()));
        read.truncate(REMEMBERED);
        Ok(source)
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        refuse_empty_functions(text)?;
        let mut input = text.as_bytes();
        let mut parser = Parser::new();
        parser.set_input_string(&mut input);
        let mut reader = Reader {
            parser,
            positions: HashMap::new(),
            anchors: HashMap::new(),
            repeated: 0,
        };
        let mut documents = Vec::new();
        loop {
            match reader.next()?.data {
                EventData::DocumentStart { .. } => {
                    let first = reader.next()?;
                    documents.push(reader.value(first, "", 0)?);
                }
                EventData::StreamEnd => break,
                _ => {}
            }
        }
        let count = documents.len();
        match (documents.pop(), count) {
            (Some(value), 1) => Ok(Self {
                value: Arc::new(value),
                positions: Arc::new(reader.positions),
            }),
            _ => Err(Fault::new(format_args!("holds {count} documents instead of one"))),
        }
    }

    /// Line and column of what is at a path, or of the nearest thing around it that was in the text.
    pub(crate) fn position(&self, path: &[&str]) -> Option<(usize, usize)> {
        (1..=path.len())
            .rev()
            .find_map(|length| self.positions.get(&pointer(&path[..length])).copied())
    }
}

fn pointer(path: &[&str]) -> String {
    path.iter().flat_map(|segment| ["\u{0}", segment]).collect()
}

/// Refuses a function without an argument in a list or a map, such as `[!Ref, x]`: the parser ends the process at it.
fn refuse_empty_functions(text: &str) -> Result<(), Fault> {
    for (line, content) in text.lines().enumerate() {
        for (at, _) in content.match_indices('!') {
            let before = content[..at].trim_end();
            // An anchor may stand before a function.
            let is_name = |text: &str| text.chars().all(|one| one.is_alphanumeric() || "_-".contains(one));
            let before = match before.rsplit_once('&') {
                Some((rest, name)) if is_name(name) => rest.trim_end(),
                _ => before,
            };
            let before = before.chars().next_back();
            let name = content[at + 1..].split([' ', '\t', ',']).next().unwrap_or_default();
            // `${!Literal}` is text of `Fn::Sub`.
            let is_literal = content[..at].ends_with("${");
            let begins_value = !is_literal && before.is_none_or(|before| "[{,:?-".contains(before));
            if begins_value && content[at + 1 + name.len()..].starts_with(',') {
                let column = content[..at].chars().count() + 1;
                return Err(Fault::at(line + 1, column, format_args!("`!{name}` has no argument")));
            }
        }
    }
    Ok(())
}

/// Line and column, from 1.
fn position(mark: Mark) -> (usize, usize) {
    let from_one = |number: u64| usize::try_from(number).map_or(usize::MAX, |number| number + 1);
    (from_one(mark.line), from_one(mark.column))
}

/// Makes values of the parser's events.
struct Reader<'i, 't> {
    parser: Parser<&'i mut &'t [u8]>,
    positions: HashMap<String, (usize, usize)>,
    anchors: HashMap<String, Value>,
    /// How many values aliases have repeated.
    repeated: usize,
}

impl Reader<'_, '_> {
    fn next(&mut self) -> Result<Event, Fault> {
        self.parser.parse().map_err(|error| {
            let text = error.to_string();
            match error.problem_mark() {
                Some(mark) => {
                    let (line, column) = position(mark);
                    // It begins with the kind of error, and with the place once more.
                    Fault::at(line, column, text.splitn(3, ": ").last().unwrap_or(&text))
                }
                None => Fault::new(text),
            }
        })
    }

    /// The value that begins with an event.
    fn value(&mut self, event: Event, path: &str, depth: usize) -> Result<Value, Fault> {
        let (line, column) = position(event.start_mark);
        if depth > DEEPEST {
            return Err(Fault::at(line, column, "nests too deep"));
        }
        self.positions.insert(path.to_owned(), (line, column));
        let (anchor, tag) = match &event.data {
            EventData::Scalar { anchor, tag, .. }
            | EventData::SequenceStart { anchor, tag, .. }
            | EventData::MappingStart { anchor, tag, .. } => (anchor.clone(), tag.clone()),
            EventData::Alias { anchor } => return self.alias(anchor).map_err(|text| Fault::at(line, column, text)),
            _ => return Err(Fault::at(line, column, "is not a value that a template can have")),
        };
        let function = match tag.as_deref() {
            None | Some("!") => None,
            Some(tag) if tag.starts_with("tag:yaml.org,2002:") => None,
            Some(tag) => {
                Some(function(tag).ok_or_else(|| Fault::at(line, column, format_args!("`{tag}` is not a function")))?)
            }
        };
        let inner = match &function {
            Some(function) => format!("{path}\u{0}{function}"),
            None => path.to_owned(),
        };
        let value = self.plain(event, &inner, depth)?;
        let value = match function {
            Some(function) => Value::Object(Map::from_iter([(function, value)])),
            None => value,
        };
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    /// The value without its tag.
    fn plain(&mut self, event: Event, path: &str, depth: usize) -> Result<Value, Fault> {
        let (line, column) = position(event.start_mark);
        match event.data {
            EventData::Scalar { value, style, tag, .. } => {
                // What a function takes is text, whatever it looks like.
                let is_text = style != ScalarStyle::Plain || tag.is_some();
                match is_text {
                    true => Ok(Value::String(value)),
                    false => word(value).map_err(|message| Fault::at(line, column, message)),
                }
            }
            EventData::SequenceStart { .. } => {
                let mut items = Vec::new();
                loop {
                    let event = self.next()?;
                    if event.data == EventData::SequenceEnd {
                        return Ok(Value::Array(items));
                    }
                    items.push(self.value(event, &format!("{path}\u{0}{}", items.len()), depth + 1)?);
                }
            }
            EventData::MappingStart { .. } => self.map(path, depth),
            _ => Err(Fault::at(line, column, "is not a value that a template can have")),
        }
    }

    fn map(&mut self, path: &str, depth: usize) -> Result<Value, Fault> {
        let mut fields = Map::new();
        loop {
            let key = self.next()?;
            let (line, column) = position(key.start_mark);
            let name = match key.data {
                EventData::MappingEnd => return Ok(Value::Object(fields)),
                EventData::Scalar { value, style, .. } if !value.is_empty() || style != ScalarStyle::Plain => value,
                _ => return Err(Fault::at(line, column, "a key must be text")),
            };
            let path = format!("{path}\u{0}{name}");
            let event = self.next()?;
            let value = self.value(event, &path, depth + 1)?;
            // The position of a value is that of its key. Of two keys that are the same the last one counts.
            self.positions.insert(path, (line, column));
            fields.insert(name, value);
        }
    }

    fn alias(&mut self, anchor: &str) -> Result<Value, String> {
        let value = self.anchors.get(anchor).cloned();
        let value = value.ok_or_else(|| format!("there is no anchor `{anchor}`"))?;
        self.repeated += count(&value);
        match self.repeated > MOST_REPEATED {
            true => Err("aliases repeat too much".to_owned()),
            false => Ok(value),
        }
    }
}

/// How many values a value is made of.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

/// The long name of a function by its tag.
fn function(tag: &str) -> Option<String> {
    let name = tag.strip_prefix('!')?;
    match name {
        "Ref" | "Condition" => Some(name.to_owned()),
        _ => FUNCTIONS.contains(&name).then(|| format!("Fn::{name}")),
    }
}

/// What a word without quotation marks means.
///
/// Follows <https://yaml.org/type/> for YAML 1.1, but for numbers that begin with a zero: they are ids of accounts, and no
/// octal numbers.
fn word(text: String) -> Result<Value, String> {
    Ok(match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Value::Bool(false),
        ".inf" | "-.inf" | ".nan" => return Err("is not a number that JSON can have".to_owned()),
        _ => match number(&text) {
            Some(number) => Value::Number(number),
            None => Value::String(text),
        },
    })
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let begins_well = whole == "0" || !whole.starts_with('0');
    match fraction {
        None if !whole.is_empty() && all_digits(whole) && begins_well => {
            text.trim_start_matches('+').parse::<i64>().ok().map(Number::from)
        }
        Some(fraction) if all_digits(whole) && begins_well && !fraction.is_empty() => {
            let starts = fraction.starts_with(|first: char| first.is_ascii_digit());
            let number = text.trim_start_matches('+').parse::<f64>().ok().filter(|_| starts);
            number.and_then(Number::from_f64)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn short_forms_are_read_as_long_ones() {
        let source = Source::read(concat!(
            "A: !Sub a-${B}\n",
            "B: !If [C, !Ref D, !GetAtt E.F]\n",
            "C: !Not [!Condition G]\n",
            "D:\n  - 1\n  - 1.5\n  - true\n  - ~\n  - '1'\n",
            "E: {\"F\": \"json\"}\n",
            "G: !Sub \"${!H}, ${I}\"\n",
        ))
        .expect("a document");
        let expected = json!({
            "A": {"Fn::Sub": "a-${B}"},
            "B": {"Fn::If": ["C", {"Ref": "D"}, {"Fn::GetAtt": "E.F"}]},
            "C": {"Fn::Not": [{"Condition": "G"}]},
            "D": [1, 1.5, true, null, "1"],
            "E": {"F": "json"},
            "G": {"Fn::Sub": "${!H}, ${I}"},
        });
        assert_eq!(*source.value, expected);
        assert_eq!(source.position(&["D", "1"]), Some((6, 5)));
        assert_eq!(source.position(&["E", "absent", "deeper"]), Some((10, 1)));
    }

    #[test]
    fn faults_say_where() {
        for (text, expected) in [
            ("A: !Sup x\n", "f:1:4: `!Sup` is not a function"),
            ("A: &x [1]\nB: *y\n", "f:2:4: there is no anchor `y`"),
            ("A: [1\n", "f:"),
            ("A: [!Ref, x]\n", "f:1:5: `!Ref` has no argument"),
            ("A: [&a !Ref, x]\n", "f:1:8: `!Ref` has no argument"),
            ("A: 1\n---\nB: 2\n", "f: holds 2 documents instead of one"),
        ] {
            let fault = Source::read(text).expect_err(text);
            let shown = fault.locate("f".into(), |_| None).to_string();
            assert!(shown.starts_with(expected), "{text:?}: {shown}");
        }
    }

    #[test]
    fn words_mean_what_they_mean_to_sam() {
        let source = Source::read(concat!(
            "A: [yes, Off, 012345678901, 10, -1, 1.50, '1', 1e3, 2010-09-09, 0x1F, ~]\n",
            "B: &anchor {on: 1, on: 2}\n",
            "C: *anchor\n",
            "D: !Ref\n  X\n",
            // As libyaml reads it: a closing mark may stand further left.
            "E: {\n  \"F\": \"G\"\n}\n",
        ))
        .expect("a document");
        let expected = json!({
            "A": [true, false, "012345678901", 10, -1, 1.5, "1", "1e3", "2010-09-09", "0x1F", null],
            "B": {"on": 2},
            "C": {"on": 2},
            "D": {"Ref": "X"},
            "E": {"F": "G"},
        });
        assert_eq!(*source.value, expected);
        let repeats = |depth: usize| -> String {
            let lists = (1..depth).map(|at| format!("a{at}: &a{at} [*a{0}, *a{0}, *a{0}, *a{0}]\n", at - 1));
            std::iter::once("a0: &a0 [x]\n".to_owned()).chain(lists).collect()
        };
        assert!(Source::read(&repeats(5)).is_ok());
        assert!(Source::read(&repeats(30)).is_err());
    }
}
