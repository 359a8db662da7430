//! Where the states of a definition are written.

/// The lines of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// The state's JSON pointer.
    pub(crate) pointer: String,
    /// The line of its name, from 1.
    pub(crate) from: usize,
    /// The line on which it ends.
    pub(crate) to: usize,
}

/// An object or list that is open where the reader is.
struct Open {
    /// The key of an object's member, or the index of a list's item, that the reader is in.
    step: String,
    /// The line of that key.
    line: usize,
    /// The next index; nothing in an object.
    index: Option<usize>,
}

/// The lines of every state of a text that is JSON, nested ones too.
pub(crate) fn spans(text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let (mut at, mut line) = (0, 1);
    let mut open: Vec<Open> = Vec::new();
    let mut found = Vec::new();
    let mut is_key = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\n' => line += 1,
            b'"' => {
                let end = end_of_string(bytes, at);
                if is_key && let Some(inner) = open.last_mut() {
                    let key: String = serde_json::from_str(text.get(at..end).unwrap_or_default()).unwrap_or_default();
                    inner.step = key.replace('~', "~0").replace('/', "~1");
                    inner.line = line;
                }
                is_key = false;
                at = end;
                continue;
            }
            b'{' | b'[' => {
                step_in(&mut open);
                is_key = *byte == b'{';
                open.push(Open {
                    step: String::new(),
                    line,
                    index: (!is_key).then_some(0),
                });
            }
            b'}' | b']' => {
                open.pop();
                let is_state = open.iter().nth_back(1).is_some_and(|around| around.step == "States");
                if let Some(inner) = open.last().filter(|inner| is_state && inner.index.is_none()) {
                    let steps: Vec<&str> = open.iter().map(|it| &*it.step).collect();
                    found.push(Span {
                        pointer: format!("/{}", steps.join("/")),
                        from: inner.line,
                        to: line,
                    });
                }
                is_key = false;
            }
            b',' => is_key = step_on(&mut open),
            _ => {}
        }
        at += 1;
    }
    found
}

/// Names the item of a list that begins here.
fn step_in(open: &mut [Open]) {
    if let Some(Open {
        step,
        index: Some(index),
        ..
    }) = open.last_mut()
    {
        *step = index.to_string();
    }
}

/// Goes on behind a comma, and says whether a key comes next.
fn step_on(open: &mut [Open]) -> bool {
    match open.last_mut() {
        Some(Open { index: Some(index), .. }) => {
            *index += 1;
            false
        }
        inner => inner.is_some(),
    }
}

/// Where the string ends that begins at a quotation mark.
fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_found_with_their_lines() {
        let text = r#"{
  "States": {
    "A/\"b": {"Type": "Pass",
      "End": true},
    "P": {
      "Branches": [
        1,
        {"States": {"C": {"Type": "Succeed", "x": [{}, [1], "States"]}}}
      ]
    }
  }
}"#;
        let found = spans(text);
        let found: Vec<_> = found.iter().map(|span| (&*span.pointer, span.from, span.to)).collect();
        let expected = [
            ("/States/A~1\"b", 3, 4),
            ("/States/P/Branches/1/States/C", 8, 8),
            ("/States/P", 5, 10),
        ];
        assert_eq!(found, expected);
    }
}
