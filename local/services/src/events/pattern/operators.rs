//! Reads one value of a pattern's field: a plain one, or an operator with what it takes.

use super::compare::{self, Cidr, Comparison};
use super::matcher::{Matcher, Text};
use super::tokens::{Token, Tokens};

/// EventBridge's words for a mistake.
type Read<T> = Result<T, String>;

const ONE_KEY: &str = "Only one key allowed in match expression";
const TOO_MANY: &str = "Too many elements in numeric expression";

/// Reads the value that begins with this token.
pub(super) fn value(tokens: &mut Tokens, token: Token) -> Read<Matcher> {
    match token {
        Token::ObjectStart => operator(tokens),
        Token::Text => Ok(plain_text(tokens.text()?)),
        Token::Number => {
            let text = tokens.text()?.to_owned();
            let value = compare::double(&text);
            Ok(Matcher::Number { text, value })
        }
        Token::True | Token::False | Token::Null => Ok(Matcher::Exact(tokens.text()?.to_owned())),
        Token::ObjectEnd | Token::ArrayStart | Token::ArrayEnd | Token::Name => {
            Err(tokens.fault("Match value must be String, number, true, false, or null"))
        }
    }
}

/// A text; one that spells an address wants that address.
fn plain_text(text: &str) -> Matcher {
    match compare::address(text) {
        Some(address) => Matcher::Address {
            text: text.to_owned(),
            address,
        },
        None => exactly(text),
    }
}

fn exactly(text: &str) -> Matcher {
    Matcher::Exact(format!("\"{text}\""))
}

fn operator(tokens: &mut Tokens) -> Read<Matcher> {
    if tokens.next()? != Token::Name {
        return Err(tokens.fault("Match expression name not found"));
    }
    let name = tokens.text()?.to_owned();
    match name.as_str() {
        "numeric" => {
            if tokens.next()? != Token::ArrayStart {
                return Err(tokens.fault("Value of numeric must be an array."));
            }
            let comparisons = numeric(tokens)?;
            end(tokens, TOO_MANY)?;
            Ok(Matcher::Numeric(comparisons))
        }
        "anything-but" => anything_but(tokens),
        "exists" => {
            let wanted = match tokens.next()? {
                Token::True => true,
                Token::False => false,
                _ => return Err(tokens.fault("exists match pattern must be either true or false.")),
            };
            end(tokens, ONE_KEY)?;
            Ok(Matcher::Exists(wanted))
        }
        "exactly" => {
            let text = text(tokens, "exact match pattern must be a string")?;
            end(tokens, ONE_KEY)?;
            Ok(exactly(&text))
        }
        "cidr" => {
            let text = text(tokens, "prefix match pattern must be a string")?;
            let cidr = Cidr::parse(&text)?;
            end(tokens, ONE_KEY)?;
            Ok(Matcher::Cidr(cidr))
        }
        "prefix" | "suffix" => affix(tokens, &name),
        "equals-ignore-case" | "wildcard" => {
            let text = text(tokens, &format!("{name} match pattern must be a string"))?;
            let matcher = text_matcher(tokens, &name, text, false)?;
            end(tokens, ONE_KEY)?;
            Ok(Matcher::Text(matcher))
        }
        _ => Err(tokens.fault(format_args!("Unrecognized match type {name}"))),
    }
}

/// The end of an operator's object.
fn end(tokens: &mut Tokens, otherwise: &str) -> Read<()> {
    match tokens.next()? {
        Token::ObjectEnd => Ok(()),
        _ => Err(tokens.fault(otherwise)),
    }
}

fn text(tokens: &mut Tokens, otherwise: &str) -> Read<String> {
    match tokens.next()? {
        Token::Text => tokens.text().map(str::to_owned),
        _ => Err(tokens.fault(otherwise)),
    }
}

fn text_matcher(tokens: &Tokens, name: &str, text: String, ignore_case: bool) -> Read<Text> {
    Ok(match name {
        "prefix" => Text::Prefix {
            prefix: text,
            ignore_case,
        },
        "suffix" => Text::Suffix {
            suffix: text,
            ignore_case,
        },
        "wildcard" => Text::Wildcard {
            pieces: compare::wildcard(&text).map_err(|reason| tokens.fault(reason))?,
            pattern: text,
        },
        _ => Text::EqualsIgnoreCase(text),
    })
}

/// `{"prefix": "x"}`, or `{"prefix": {"equals-ignore-case": "x"}}`.
fn affix(tokens: &mut Tokens, name: &str) -> Read<Matcher> {
    let (text, ignore_case) = match tokens.next()? {
        Token::Text => (tokens.text()?.to_owned(), false),
        Token::ObjectStart => {
            if tokens.next()? != Token::Name {
                let name = if name == "prefix" { "Prefix" } else { "Suffix" };
                return Err(tokens.fault(format_args!("{name} expression name not found")));
            }
            let inner = tokens.text()?.to_owned();
            if inner != "equals-ignore-case" {
                return Err(tokens.fault(format_args!("Unsupported {name} pattern: {inner}")));
            }
            let text = text(tokens, "equals-ignore-case match pattern must be a string")?;
            end(tokens, ONE_KEY)?;
            (text, true)
        }
        _ => return Err(tokens.fault(format_args!("{name} match pattern must be a string"))),
    };
    end(tokens, ONE_KEY)?;
    text_matcher(tokens, name, text, ignore_case).map(Matcher::Text)
}

fn anything_but(tokens: &mut Tokens) -> Read<Matcher> {
    let mut token = tokens.next()?;
    let mut inner = None;
    if token == Token::ObjectStart {
        if tokens.next()? != Token::Name {
            return Err(tokens.fault("Anything-But expression name not found"));
        }
        let name = tokens.text()?.to_owned();
        if !["equals-ignore-case", "prefix", "suffix", "wildcard"].contains(&name.as_str()) {
            return Err(tokens.fault(format_args!("Unsupported anything-but pattern: {name}")));
        }
        inner = Some(name);
        token = tokens.next()?;
    }
    let unwanted = match (token, &inner) {
        // A mistake in a list is told with its place, and that again with the place.
        (Token::ArrayStart, None) => values(tokens)?,
        (Token::ArrayStart, Some(name)) => texts(tokens, name)?,
        (Token::Text, None) => vec![exactly(tokens.text()?)],
        (Token::Number, None) => vec![number(tokens)?],
        (Token::Text | Token::Number, Some(name)) => vec![inner_text(tokens, token, name)?],
        _ => {
            return Err(tokens.fault("Value of anything-but must be an array or single string/number value."));
        }
    };
    end(tokens, TOO_MANY)?;
    if inner.is_some() {
        end(tokens, TOO_MANY)?;
    }
    Ok(Matcher::AnythingBut(unwanted))
}

/// A number that is compared by its value: there has to be a double that is exactly it.
fn number(tokens: &mut Tokens) -> Read<Matcher> {
    let text = tokens.text()?.to_owned();
    let value = Some(comparable(&text)?);
    Ok(Matcher::Number { text, value })
}

fn comparable(text: &str) -> Read<f64> {
    compare::double(text).ok_or_else(|| format!("Cannot compare number : {text}"))
}

/// A list of texts, or of numbers.
fn values(tokens: &mut Tokens) -> Read<Vec<Matcher>> {
    let mut found = Vec::new();
    let (mut texts, mut numbers) = (false, false);
    loop {
        match tokens.next() {
            Ok(Token::ArrayEnd) => break,
            Ok(Token::Text) => {
                texts = true;
                found.push(exactly(tokens.text()?));
            }
            Ok(Token::Number) => {
                numbers = true;
                let number = number(tokens).map_err(|reason| tokens.fault(reason))?;
                found.push(number);
            }
            Ok(_) => {
                let reason = tokens.fault("Inside anything but list, start|null|boolean is not supported.");
                return Err(tokens.fault(reason));
            }
            Err(reason) => return Err(tokens.fault(reason)),
        }
    }
    if texts == numbers {
        return Err(tokens
            .fault("Inside anything but list, either all values are number or string, mixed type is not supported"));
    }
    Ok(found)
}

/// A list of texts for the operator inside of anything-but.
fn texts(tokens: &mut Tokens, name: &str) -> Read<Vec<Matcher>> {
    let mut found = Vec::new();
    loop {
        match tokens.next() {
            Ok(Token::ArrayEnd) => break,
            Ok(token) => {
                let text = checked_text(tokens, token, name).map_err(|reason| tokens.fault(reason))?;
                found.push(text);
            }
            Err(reason) => return Err(tokens.fault(reason)),
        }
    }
    let matchers = found
        .into_iter()
        .map(|text| text_matcher(tokens, name, text, false).map(Matcher::Text));
    matchers.collect()
}

fn inner_text(tokens: &mut Tokens, token: Token, name: &str) -> Read<Matcher> {
    let text = checked_text(tokens, token, name)?;
    text_matcher(tokens, name, text, false).map(Matcher::Text)
}

fn checked_text(tokens: &mut Tokens, token: Token, name: &str) -> Read<String> {
    if token != Token::Text {
        return Err(tokens.fault(match name {
            "equals-ignore-case" => {
                "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
            }
            "wildcard" => "wildcard match pattern must be a string",
            _ => "prefix/suffix match pattern must be a string",
        }));
    }
    let text = tokens.text()?.to_owned();
    if text.is_empty() && matches!(name, "prefix" | "suffix") {
        return Err(tokens.fault("Null prefix/suffix not allowed"));
    }
    Ok(text)
}

/// Reads `"=", 5]` or `">", 0, "<=", 5]`, behind the opening bracket.
fn numeric(tokens: &mut Tokens) -> Read<Vec<Comparison>> {
    if tokens.next()? != Token::Text {
        let found = tokens.text()?.to_owned();
        return Err(tokens.fault(format_args!("Invalid member in numeric match: {found}")));
    }
    let relation = tokens.text()?.to_owned();
    let token = tokens.next()?;
    if !matches!(relation.as_str(), "=" | "<" | "<=" | ">" | ">=") {
        return Err(tokens.fault(format_args!("Unrecognized numeric range operator: {relation}")));
    }
    let operand = operand(tokens, token, if relation == "=" { "equals" } else { &relation })?;
    match tokens.next()? {
        Token::ArrayEnd => Ok(vec![comparison(tokens, &relation, &operand)?]),
        token if relation.starts_with('>') => range(tokens, token, (&relation, &operand)),
        _ => Err(tokens.fault(TOO_MANY)),
    }
}

fn operand(tokens: &mut Tokens, token: Token, name: &str) -> Read<String> {
    match token {
        Token::Number => tokens.text().map(str::to_owned),
        _ => Err(tokens.fault(format_args!("Value of {name} must be numeric"))),
    }
}

fn comparison(tokens: &Tokens, relation: &str, operand: &str) -> Read<Comparison> {
    let value = comparable(operand).map_err(|reason| tokens.fault(reason))?;
    Comparison::new(relation, value)
        .ok_or_else(|| tokens.fault(format_args!("Unrecognized numeric range operator: {relation}")))
}

/// The upper bound of a range, which has to be above the lower one.
fn range(tokens: &mut Tokens, token: Token, bottom: (&str, &str)) -> Read<Vec<Comparison>> {
    let found = tokens.text()?.to_owned();
    if token != Token::Text {
        return Err(tokens.fault(format_args!("Bad value in numeric range: {found}")));
    }
    if !matches!(found.as_str(), "<" | "<=") {
        return Err(tokens.fault(format_args!("Bad numeric range operator: {found}")));
    }
    let token = tokens.next()?;
    let operand = operand(tokens, token, &found)?;
    if tokens.next()? != Token::ArrayEnd {
        return Err(tokens.fault("Too many terms in numeric range expression"));
    }
    let bottom = comparison(tokens, bottom.0, bottom.1)?;
    let top = comparison(tokens, &found, &operand)?;
    if !bottom.is_below(&top) {
        return Err(tokens.fault("Bottom must be less than top"));
    }
    Ok(vec![bottom, top])
}
