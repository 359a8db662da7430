//! Reading calls.

use super::call::{Argument, Call, FUNCTIONS, Function, Intrinsic};
use crate::expression::jsonpath::Path;
use crate::text::Json;

/// How deep calls may nest; AWS allows ten.
const MAX_DEPTH: usize = 10;

impl Intrinsic {
    /// Reads a call; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Intrinsic, String> {
        let mut reader = Reader { text, at: 0 };
        let call = reader.call(1)?;
        reader.skip_space();
        if reader.at < text.len() {
            return Err(format!("unexpected `{}` behind the call", reader.rest()));
        }
        Ok(Intrinsic {
            text: text.into(),
            call,
        })
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, text: &str) -> bool {
        let is_here = self.rest().starts_with(text);
        if is_here {
            self.at += text.len();
        }
        is_here
    }

    fn call(&mut self, depth: usize) -> Result<Call, String> {
        if depth > MAX_DEPTH {
            return Err(format!("functions nest more than {MAX_DEPTH} levels deep"));
        }
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_'))
            .unwrap_or(rest.len());
        let name = &rest[..end];
        let Some((_, function, least, most)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
            return Err(format!("there is no intrinsic function `{name}`"));
        };
        self.at += end;
        self.skip_space();
        if !self.eat("(") {
            return Err(format!("`(` is missing behind `{name}`"));
        }
        let mut arguments = self.arguments(depth)?;
        for (index, argument) in arguments.iter_mut().enumerate() {
            // What stands in a template's braces is looked at once it is filled in.
            let is_template = *function == Function::Format && index == 0;
            if let Argument::Literal(literal) = argument
                && !function.takes(index, literal)
            {
                return Err(format!("{literal} is of the wrong type for `{name}`"));
            }
            if let Argument::Literal(Json::String(text)) = argument {
                *text = unescape(text, if is_template { "'" } else { "'{}\\" }).into();
            }
        }
        if !(*least..=*most).contains(&arguments.len()) {
            return Err(format!("`{name}` does not take {} arguments", arguments.len()));
        }
        Ok(Call {
            function: *function,
            arguments,
        })
    }

    fn arguments(&mut self, depth: usize) -> Result<Vec<Argument>, String> {
        let mut arguments = Vec::new();
        self.skip_space();
        if self.eat(")") {
            return Ok(arguments);
        }
        loop {
            self.skip_space();
            arguments.push(self.argument(depth)?);
            self.skip_space();
            if self.eat(")") {
                return Ok(arguments);
            }
            if !self.eat(",") {
                return Err("`,` or `)` is missing behind an argument".to_owned());
            }
        }
    }

    fn argument(&mut self, depth: usize) -> Result<Argument, String> {
        match self.rest().chars().next() {
            Some('$') => {
                let rest = self.rest();
                let length = Path::length_as_argument(rest);
                let path = Path::parse(rest[..length].trim_end()).map_err(|error| error.0)?;
                self.at += length;
                Ok(Argument::Path(path))
            }
            Some('\'') => self.text().map(Argument::Literal),
            Some('S') => self.call(depth + 1).map(Argument::Call),
            Some(_) => self.word(),
            None => Err("an argument is missing".to_owned()),
        }
    }

    /// Text in single quotes, its escapes as they are.
    fn text(&mut self) -> Result<Json, String> {
        self.at += 1;
        let mut characters = self.rest().char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '\'' => {
                    let text = &self.rest()[..at];
                    self.at += at + 1;
                    return Ok(text.into());
                }
                '\\' => match characters.next() {
                    Some((_, '\'' | '{' | '}' | '\\')) => {}
                    Some((_, other)) => return Err(format!("`\\{other}` is not an escape")),
                    None => break,
                },
                _ => {}
            }
        }
        Err("a quote is not closed".to_owned())
    }

    fn word(&mut self) -> Result<Argument, String> {
        let rest = self.rest();
        let end = rest.find([',', ')']).unwrap_or(rest.len());
        let word = rest[..end].trim();
        match Json::parse(word) {
            Ok(value @ (Json::Null | Json::Bool(_) | Json::Number(_))) => {
                self.at += end;
                Ok(Argument::Literal(value))
            }
            _ => Err(format!("`{word}` is not an argument")),
        }
    }
}

/// Takes the backslash away before these characters.
fn unescape(text: &str, escaped: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, characters.clone().next()) {
            ('\\', Some(next)) => {
                if !escaped.contains(next) {
                    out.push('\\');
                }
                out.push(next);
                characters.next();
            }
            _ => out.push(character),
        }
    }
    out
}
