//! A message's own attributes: what may be one, which of them a receiver asks for, and the digest by which clients check
//! that they came whole.
//!
//! Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>.

use super::queue::invalid;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use platform::ServiceError;
use serde_json::{Map, Value};

/// How many attributes a message can have.
const MOST: usize = 10;

/// An attribute's value on the wire.
enum Content<'a> {
    Text(&'a str),
    Bytes(Vec<u8>),
}

/// Refuses what SQS does not take as attributes of a message.
pub(super) fn check(attributes: &Map<String, Value>) -> Result<(), ServiceError> {
    if attributes.len() > MOST {
        return Err(invalid(format_args!(
            "Number of message attributes [{}] exceeds the allowed maximum [{MOST}].",
            attributes.len()
        )));
    }
    attributes
        .iter()
        .try_for_each(|(name, value)| read(name, value).map(|_| ()))
}

/// The MD5 of all of these attributes, in hexadecimal digits; nothing where there are none.
pub(super) fn digest<'a>(attributes: impl Iterator<Item = (&'a String, &'a Value)>) -> Option<String> {
    let mut sorted: Vec<_> = attributes.collect();
    sorted.sort_by_key(|(name, _)| *name);
    let mut md5 = Md5::new();
    let add = |md5: &mut Md5, bytes: &[u8]| {
        md5.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        md5.update(bytes);
    };
    for (name, value) in &sorted {
        // What could be sent can be read.
        let (data_type, content) = read(name, value).ok()?;
        add(&mut md5, name.as_bytes());
        add(&mut md5, data_type.as_bytes());
        let (kind, bytes) = match &content {
            Content::Text(text) => (1_u8, text.as_bytes()),
            Content::Bytes(bytes) => (2, &**bytes),
        };
        // The kind is written without its length.
        md5.update([kind]);
        add(&mut md5, bytes);
    }
    (!sorted.is_empty()).then(|| hex::encode(md5.finalize()))
}

/// How many bytes these attributes count for: their names, types and values.
pub(super) fn bytes(attributes: &Map<String, Value>) -> usize {
    let read = attributes.iter().filter_map(|(name, value)| {
        let (data_type, content) = read(name, value).ok()?;
        let content = match content {
            Content::Text(text) => text.len(),
            Content::Bytes(bytes) => bytes.len(),
        };
        Some(name.len() + data_type.len() + content)
    });
    read.sum()
}

/// Whether a receiver asks for an attribute: by its name, by the beginning of it (`bar.*`), or by asking for all.
pub(super) fn is_asked_for(name: &str, asked: &[String]) -> bool {
    asked.iter().any(|asked| match asked.strip_suffix(".*") {
        Some(beginning) => name.starts_with(beginning),
        None => asked == name || asked == "All",
    })
}

fn read<'a>(name: &str, value: &'a Value) -> Result<(&'a str, Content<'a>), ServiceError> {
    check_name(name)?;
    let text = |member: &str| value.get(member).and_then(Value::as_str);
    let data_type = text("DataType").filter(|data_type| !data_type.is_empty());
    let data_type = data_type.ok_or_else(|| {
        invalid(format_args!(
            "The message attribute '{name}' must contain a non-empty message attribute type."
        ))
    })?;
    let kind = data_type.split('.').next().unwrap_or(data_type);
    let content = match kind {
        "String" | "Number" => text("StringValue").filter(|text| !text.is_empty()).map(Content::Text),
        "Binary" => text("BinaryValue")
            .and_then(|encoded| STANDARD.decode(encoded).ok())
            .filter(|bytes| !bytes.is_empty())
            .map(Content::Bytes),
        _ => {
            return Err(invalid(format_args!(
                "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes \
                 is Binary, Number, and String."
            )));
        }
    };
    let content = content.ok_or_else(|| {
        invalid(format_args!(
            "Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
        ))
    })?;
    match content {
        Content::Text(text) if kind == "Number" && text.parse::<f64>().is_err() => Err(invalid(format_args!(
            "Can't cast the value of message attribute '{name}' to a number."
        ))),
        content => Ok((data_type, content)),
    }
}

fn check_name(name: &str) -> Result<(), ServiceError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 256 || !name.chars().all(plain) {
        return Err(invalid(format_args!(
            "The message attribute name '{name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), \
             hyphen (-), and period (.) characters."
        )));
    }
    Ok(())
}
