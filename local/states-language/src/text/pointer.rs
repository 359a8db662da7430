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

/// The line and column of the pointer's value, or of the nearest thing above it that is there.
pub(crate) fn locate(text: &str, pointer: &str) -> Option<(usize, usize)> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_space();
    let mut found = reader.at;
    for token in tokens(pointer) {
        match descend(&mut reader, &token) {
            Ok(true) => found = reader.at,
            Ok(false) => break,
            Err(_) => return None,
        }
    }
    Some(line_and_column(text, found))
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
