//! JSON pointers (RFC 6901), and where in a text their values stand.

use super::json::{ParseError, Reader, line_and_column};

/// A key as a pointer has it.
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The keys and indexes that a pointer is made of.
pub(crate) fn tokens(pointer: &str) -> impl Iterator<Item = String> {
    let tokens = pointer.split('/').skip(1);
    tokens.map(|token| token.replace("~1", "/").replace("~0", "~"))
}

/// Where a value stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// The pointer as AWS writes it: items of arrays in brackets, `/States/Choose/Choices[0]/Next`.
    pub(crate) place: String,
}

/// Where the pointer's value stands, or the nearest thing above it that is there.
pub(crate) fn locate(text: &str, pointer: &str) -> Option<Spot> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_space();
    let (mut found, mut place, mut is_there) = (reader.at, String::new(), true);
    for token in tokens(pointer) {
        let is_item = is_there && reader.peek() == Some(b'[');
        place += &if is_item {
            format!("[{token}]")
        } else {
            format!("/{token}")
        };
        if is_there {
            is_there = descend(&mut reader, &token).ok()?;
        }
        if is_there {
            found = reader.at;
        }
    }
    let (line, column) = line_and_column(text, found);
    Some(Spot { line, column, place })
}

/// Moves to the value of that key or index, and says whether there is one.
fn descend(reader: &mut Reader<'_>, token: &str) -> Result<bool, ParseError> {
    match reader.peek() {
        Some(b'{') => {
            reader.at += 1;
            reader.skip_space();
            if reader.peek() == Some(b'}') {
                return Ok(false);
            }
            loop {
                reader.skip_space();
                let key = reader.string()?;
                reader.skip_space();
                reader.expect(b':')?;
                reader.skip_space();
                if *key == *token {
                    return Ok(true);
                }
                skip_value(reader)?;
                if reader.comma_or(b'}')? {
                    return Ok(false);
                }
            }
        }
        Some(b'[') => {
            reader.at += 1;
            reader.skip_space();
            let Ok(mut index) = token.parse::<usize>() else {
                return Ok(false);
            };
            if reader.peek() == Some(b']') {
                return Ok(false);
            }
            loop {
                reader.skip_space();
                if index == 0 {
                    return Ok(true);
                }
                index -= 1;
                skip_value(reader)?;
                if reader.comma_or(b']')? {
                    return Ok(false);
                }
            }
        }
        _ => Ok(false),
    }
}

/// Moves behind a value, by counting brackets outside of strings.
fn skip_value(reader: &mut Reader<'_>) -> Result<(), ParseError> {
    let mut depth = 0_usize;
    loop {
        match reader.peek() {
            None => return Err(reader.error("the text ends within a value")),
            Some(b'"') => {
                reader.string()?;
                if depth == 0 {
                    return Ok(());
                }
                continue;
            }
            Some(b'{' | b'[') => depth += 1,
            Some(b'}' | b']') if depth <= 1 => {
                if depth == 1 {
                    reader.at += 1;
                }
                return Ok(());
            }
            Some(b'}' | b']') => depth -= 1,
            Some(b',') if depth == 0 => return Ok(()),
            Some(_) => {}
        }
        reader.at += 1;
    }
}
