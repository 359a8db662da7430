//! The functions on texts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::text::Json;

/// The most characters that can be encoded, decoded or hashed.
const MAX_LENGTH: usize = 10_000;

fn text(value: &Json) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("{value} is not a string"))
}

fn short_text(value: &Json) -> Result<&str, String> {
    let text = text(value)?;
    if text.chars().count() > MAX_LENGTH {
        return Err(format!("the string is longer than {MAX_LENGTH} characters"));
    }
    Ok(text)
}

pub(super) fn base64_encode(value: &Json) -> Result<Json, String> {
    Ok(STANDARD.encode(short_text(value)?).into())
}

pub(super) fn base64_decode(value: &Json) -> Result<Json, String> {
    let bytes = STANDARD
        .decode(short_text(value)?)
        .map_err(|_| "the string is not valid Base64")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned().into())
}

pub(super) fn hash(data: &Json, algorithm: &Json) -> Result<Json, String> {
    let data = match data {
        Json::String(_) => short_text(data)?.to_owned(),
        other => other.to_string(),
    };
    match hash_text(&data, text(algorithm)?) {
        Some(hash) => Ok(hash.into()),
        None => Err(format!("there is no hash algorithm {algorithm}")),
    }
}

/// The hash in hexadecimal, where the algorithm is one of AWS's five.
pub(crate) fn hash_text(data: &str, algorithm: &str) -> Option<String> {
    Some(match algorithm {
        "MD5" => hex(&Md5::digest(data)),
        "SHA-1" => hex(&Sha1::digest(data)),
        "SHA-256" => hex(&Sha256::digest(data)),
        "SHA-384" => hex(&Sha384::digest(data)),
        "SHA-512" => hex(&Sha512::digest(data)),
        _ => return None,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Splits at each of the delimiters' characters, and leaves out what is empty.
pub(super) fn split(value: &Json, delimiters: &Json) -> Result<Json, String> {
    let delimiters: Vec<char> = text(delimiters)?.chars().collect();
    let pieces = text(value)?.split(&delimiters[..]).filter(|piece| !piece.is_empty());
    Ok(Json::array(pieces.map(Json::from).collect()))
}

/// Text as JSON; nothing gives null.
pub(super) fn to_json(value: &Json) -> Result<Json, String> {
    let text = text(value)?;
    if text.trim().is_empty() {
        return Ok(Json::Null);
    }
    Json::parse(text).map_err(|error| format!("the string is not valid JSON: {error}"))
}

/// Puts the arguments in the places of `{}`.
pub(super) fn format(template: &Json, arguments: &[Json]) -> Result<Json, String> {
    let template = text(template)?;
    let mut out = String::with_capacity(template.len() + 16 * arguments.len());
    let mut arguments = arguments.iter();
    let mut characters = template.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\\', Some('{' | '}' | '\\')) => out.extend(characters.next()),
            ('{', Some('}')) => {
                characters.next();
                let argument = arguments
                    .next()
                    .ok_or("there are fewer arguments than occurrences of {}")?;
                print(argument, &mut out);
            }
            (other, _) => out.push(other),
        }
    }
    if arguments.next().is_some() {
        return Err("there are more arguments than occurrences of {}".into());
    }
    Ok(out.into())
}

/// Prints as Java prints maps and lists: `{a=1, b=[x, y]}`.
fn print(value: &Json, out: &mut String) {
    match value {
        Json::String(text) => out.push_str(text),
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                print(item, out);
            }
            out.push(']');
        }
        Json::Object(object) => {
            out.push('{');
            for (at, (key, item)) in object.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                out.push_str(key);
                out.push('=');
                print(item, out);
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}
