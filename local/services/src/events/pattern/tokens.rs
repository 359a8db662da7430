//! The text of a pattern as tokens of JSON, one after the other, with the place that an error names.
//!
//! EventBridge reads patterns with Jackson and hands its errors on, so the places are Jackson's: a text that nobody has
//! read yet ends behind its opening quote, and the value of a name has begun when the name is there. What stands behind
//! the pattern's last brace is not looked at.

/// What stands next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    Name,
    Text,
    Number,
    True,
    False,
    Null,
}

/// How much of a pattern an error shows, in characters.
const SHOWN: usize = 500;

/// What Jackson lists where no value begins.
const EXPECTED: &str = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'";

/// An object or an array that is open: where it began, and how many entries it has had.
struct Open {
    is_object: bool,
    started: usize,
    entries: usize,
}

impl Open {
    fn kind(&self) -> &'static str {
        if self.is_object { "Object" } else { "Array" }
    }
}

/// Reads tokens.
pub(super) struct Tokens {
    characters: Vec<char>,
    at: usize,
    open: Vec<Open>,
    /// The value behind a name, which has begun already, with what it says.
    pending: Option<(Token, String)>,
    /// A text of which only the opening quote was read.
    unread: bool,
    text: String,
}

/// Reasons, as EventBridge says them.
type Read<T> = Result<T, String>;

impl Tokens {
    pub(super) fn new(source: &str) -> Self {
        Self {
            characters: source.chars().collect(),
            at: 0,
            open: Vec::new(),
            pending: None,
            unread: false,
            text: String::new(),
        }
    }

    /// The next token; an error where the text ends.
    pub(super) fn next(&mut self) -> Read<Token> {
        if let Some((token, text)) = self.pending.take() {
            self.text = text;
            return Ok(token);
        }
        if self.unread {
            self.finish_text()?;
        }
        self.skip_blanks();
        if let Some(end) = self.end()? {
            return Ok(end);
        }
        if self.peek().is_none() {
            return Err(self.ended());
        }
        self.comma()?;
        if self.open.last().is_some_and(|open| open.is_object) {
            self.name()?;
            self.skip_blanks();
            if self.peek().is_none() {
                return Err(self.fault("Unexpected end-of-input within/between Object entries"));
            }
            if self.peek() != Some(':') {
                return Err(self.unexpected("was expecting a colon to separate field name and value"));
            }
            self.at += 1;
            self.skip_blanks();
            self.pending = Some(self.value()?);
            return Ok(Token::Name);
        }
        let (token, text) = self.value()?;
        self.text = text;
        Ok(token)
    }

    /// What the last token says: the name, the text without its quotes, or the characters of anything else.
    pub(super) fn text(&mut self) -> Read<&str> {
        if self.unread && self.pending.is_none() {
            self.finish_text()?;
        }
        Ok(&self.text)
    }

    /// An error with the place where reading stands.
    pub(super) fn fault(&self, reason: impl std::fmt::Display) -> String {
        format!("{reason}\n at {}", self.place(self.at))
    }

    /// A place as Jackson writes it, with what is read.
    fn place(&self, at: usize) -> String {
        let before = &self.characters[..at.min(self.characters.len())];
        let line = before.iter().filter(|character| **character == '\n').count() + 1;
        let column = before.iter().rev().take_while(|character| **character != '\n').count() + 1;
        let shown: String = self.characters.iter().take(SHOWN).collect();
        let rest = self.characters.len().saturating_sub(SHOWN);
        let rest = if rest > 0 {
            format!("[truncated {rest} chars]")
        } else {
            String::new()
        };
        format!("[Source: (String)\"{shown}\"{rest}; line: {line}, column: {column}]")
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\r' | '\n')) {
            self.at += 1;
        }
    }

    fn unexpected(&self, expected: &str) -> String {
        let Some(found) = self.peek() else {
            return self.ended();
        };
        self.fault(format_args!(
            "Unexpected character ('{found}' (code {})): {expected}",
            u32::from(found)
        ))
    }

    fn ended(&self) -> String {
        let Some(open) = self.open.last() else {
            return self.fault("Unexpected end-of-input");
        };
        let (kind, started) = (open.kind(), self.place(open.started));
        self.fault(format_args!(
            "Unexpected end-of-input: expected close marker for {kind} (start marker at {started})"
        ))
    }

    /// The end of what is open, where it stands next.
    fn end(&mut self) -> Read<Option<Token>> {
        let Some(found @ (']' | '}')) = self.peek() else {
            return Ok(None);
        };
        let Some(open) = self.open.last() else {
            return Err(self.unexpected(&format!("expected a valid value ({EXPECTED})")));
        };
        let wanted = if open.is_object { '}' } else { ']' };
        let started = open.started;
        let kind = open.kind();
        if found != wanted {
            self.at += 1;
            let started = self.place(started);
            let reason =
                format!("Unexpected close marker '{found}': expected '{wanted}' (for {kind} starting at {started})");
            return Err(self.fault(reason));
        }
        let is_object = open.is_object;
        self.open.pop();
        self.at += 1;
        self.text = found.to_string();
        Ok(Some(if is_object { Token::ObjectEnd } else { Token::ArrayEnd }))
    }

    fn comma(&mut self) -> Read<()> {
        let Some(open) = self.open.last_mut() else {
            return Ok(());
        };
        let (is_first, kind) = (open.entries == 0, open.kind());
        open.entries += 1;
        if is_first {
            return Ok(());
        }
        if self.peek() != Some(',') {
            return Err(self.unexpected(&format!("was expecting comma to separate {kind} entries")));
        }
        self.at += 1;
        self.skip_blanks();
        Ok(())
    }

    fn name(&mut self) -> Read<()> {
        if self.peek() != Some('"') {
            return Err(self.unexpected("was expecting double-quote to start field name"));
        }
        self.at += 1;
        self.finish_text()
    }

    fn value(&mut self) -> Read<(Token, String)> {
        let Some(found) = self.peek() else {
            return Err(self.fault("Unexpected end-of-input within/between Object entries"));
        };
        match found {
            '"' => {
                self.at += 1;
                self.unread = true;
                Ok((Token::Text, String::new()))
            }
            '{' | '[' => {
                self.open.push(Open {
                    is_object: found == '{',
                    started: self.at,
                    entries: 0,
                });
                self.at += 1;
                let token = if found == '{' {
                    Token::ObjectStart
                } else {
                    Token::ArrayStart
                };
                Ok((token, found.to_string()))
            }
            '-' | '0'..='9' => self.number(),
            found if found.is_alphabetic() || matches!(found, '_' | '$') => self.word(),
            '}' => Err(self.unexpected("expected a value")),
            _ => Err(self.unexpected(&format!("expected a valid value ({EXPECTED})"))),
        }
    }

    fn word(&mut self) -> Read<(Token, String)> {
        let rest = self.characters[self.at..].iter();
        let word: String = rest
            .take_while(|c| c.is_alphanumeric() || matches!(**c, '_' | '$'))
            .collect();
        self.at += word.chars().count();
        let token = match word.as_str() {
            "true" => Token::True,
            "false" => Token::False,
            "null" => Token::Null,
            _ => return Err(self.fault(format_args!("Unrecognized token '{word}': was expecting ({EXPECTED})"))),
        };
        Ok((token, word))
    }

    fn number(&mut self) -> Read<(Token, String)> {
        let from = self.at;
        if self.peek() == Some('-') {
            self.at += 1;
            self.digits("expected digit (0-9) to follow minus sign, for valid numeric value")?;
        } else {
            self.digits("expected digit (0-9)")?;
        }
        let whole: String = self.characters[from..self.at].iter().collect();
        let whole = whole.trim_start_matches('-');
        if whole.len() > 1 && whole.starts_with('0') {
            self.at -= whole.len() - 1;
            return Err(self.fault("Invalid numeric value: Leading zeroes not allowed"));
        }
        if self.peek() == Some('.') {
            self.at += 1;
            self.digits("Decimal point not followed by a digit")?;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            self.digits("Exponent indicator not followed by a digit")?;
        }
        Ok((Token::Number, self.characters[from..self.at].iter().collect()))
    }

    /// One digit or more.
    fn digits(&mut self, otherwise: &str) -> Read<()> {
        let from = self.at;
        while self.peek().is_some_and(|digit| digit.is_ascii_digit()) {
            self.at += 1;
        }
        match self.peek() {
            _ if self.at > from => Ok(()),
            None => Err(self.ended()),
            Some(found) => Err(self.fault(format_args!(
                "Unexpected character ('{found}' (code {})) in numeric value: {otherwise}",
                u32::from(found)
            ))),
        }
    }

    /// Reads on to the closing quote.
    fn finish_text(&mut self) -> Read<()> {
        self.unread = false;
        let from = self.at;
        loop {
            match self.peek() {
                None => {
                    return Err(self.fault("Unexpected end-of-input: was expecting closing quote for a string value"));
                }
                Some('"') => break,
                Some('\\') => self.escape()?,
                Some(control) if control < ' ' => {
                    return Err(self.fault(format_args!(
                        "Illegal unquoted character ((CTRL-CHAR, code {})): has to be escaped using backslash to be included in string value",
                        u32::from(control)
                    )));
                }
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        let quoted: String = self.characters[from - 1..self.at].iter().collect();
        self.text = serde_json::from_str(&quoted).map_err(|_| self.fault("Unrecognized character escape"))?;
        Ok(())
    }

    /// A backslash and what it stands for.
    fn escape(&mut self) -> Read<()> {
        self.at += 1;
        match self.peek() {
            None | Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => self.at += 1,
            Some('u') => {
                for _ in 0..4 {
                    self.at += 1;
                    if !self.peek().is_some_and(|digit| digit.is_ascii_hexdigit()) {
                        return Err(self.unexpected("expected a hex-digit for character escape sequence"));
                    }
                }
                self.at += 1;
            }
            Some(other) => {
                let code = u32::from(other);
                return Err(self.fault(format_args!("Unrecognized character escape '{other}' (code {code})")));
            }
        }
        Ok(())
    }
}
