//! Bodies in S3's own chunked encoding, with what trails them.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>.

use crate::error::ServiceError;
use bytes::{Bytes, BytesMut};

/// A body without its chunks' frames, and the headers that came behind it (names in lower case).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The bytes that were meant.
    pub body: Bytes,
    /// Headers behind the last chunk, such as `x-amz-checksum-crc32`.
    pub trailers: Vec<(String, String)>,
}

/// Whether a body is framed so, by the value of `x-amz-content-sha256`.
pub fn is_chunked(content_sha256: Option<&str>) -> bool {
    content_sha256.is_some_and(|value| value.starts_with("STREAMING-"))
}

/// Takes the frames off: `SIZE[;chunk-signature=…]\r\n DATA \r\n … 0 … \r\n TRAILERS`.
///
/// # Errors
/// IncompleteBody where the frames do not add up.
pub fn decode(framed: &[u8]) -> Result<Decoded, ServiceError> {
    let mut rest = framed;
    let mut body = BytesMut::with_capacity(framed.len());
    loop {
        let header = line(&mut rest)?;
        let size = header.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| incomplete("a chunk has no size"))?;
        if size == 0 {
            break;
        }
        let chunk = rest.get(..size).ok_or_else(|| incomplete("a chunk breaks off"))?;
        body.extend_from_slice(chunk);
        rest = rest[size..]
            .strip_prefix(b"\r\n")
            .ok_or_else(|| incomplete("a chunk is longer than it says"))?;
    }
    let mut trailers = Vec::new();
    while !rest.is_empty() {
        let trailer = line(&mut rest)?;
        if let Some((name, value)) = trailer.split_once(':') {
            trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    Ok(Decoded {
        body: body.freeze(),
        trailers,
    })
}

/// The text before the next line end, which is taken off too.
fn line<'b>(rest: &mut &'b [u8]) -> Result<&'b str, ServiceError> {
    let end = rest
        .windows(2)
        .position(|pair| pair == b"\r\n")
        .ok_or_else(|| incomplete("a chunk's header breaks off"))?;
    let (line, behind) = rest.split_at(end);
    *rest = &behind[2..];
    std::str::from_utf8(line).map_err(|_| incomplete("a chunk's header is not text"))
}

fn incomplete(what: &str) -> ServiceError {
    ServiceError::new(
        "IncompleteBody",
        format_args!("The request body terminated unexpectedly: {what}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames() {
        for (framed, expected) in [
            ("0\r\n\r\n", Ok(("", vec![]))),
            ("5\r\nhello\r\n0\r\n\r\n", Ok(("hello", vec![]))),
            (
                "5;chunk-signature=ab\r\nhello\r\n6\r\n\r\nyou\r\r\n0;chunk-signature=cd\r\nx-amz-checksum-crc32:AAAA==\r\n\r\n",
                Ok(("hello\r\nyou\r", vec![("x-amz-checksum-crc32", "AAAA==")])),
            ),
            ("5\r\nhel", Err(())),
            ("3\r\nhello\r\n0\r\n\r\n", Err(())),
            ("z\r\n", Err(())),
            ("", Err(())),
        ] {
            let decoded = decode(framed.as_bytes()).map_err(|_| ());
            let expected = expected.map(|(body, trailers): (&str, Vec<(&str, &str)>)| Decoded {
                body: Bytes::copy_from_slice(body.as_bytes()),
                trailers: trailers
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
            });
            assert_eq!(decoded, expected, "{framed:?}");
        }
    }
}
