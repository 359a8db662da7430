//! Why S3 refused: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::ErrorMetadata;

/// The code and the message of an error, if the answer has them.
pub(super) fn of(answer: &HttpResponse) -> ErrorMetadata {
    let body = String::from_utf8_lossy(answer.body().bytes().unwrap_or_default());
    let mut error = ErrorMetadata::builder();
    if let Some(code) = element(&body, "Code") {
        error = error.code(code);
    }
    if let Some(message) = element(&body, "Message") {
        error = error.message(message);
    }
    error.build()
}

/// The text of the first element of that name. S3 writes its errors without attributes, namespaces or CDATA.
fn element(body: &str, name: &str) -> Option<String> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ];
    let text = entities.iter().fold(text.to_owned(), |text, (entity, character)| {
        text.replace(entity, character)
    });
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_message_are_found_where_they_are() {
        let body =
            "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>no &lt;&amp;lt; here</Message></Error>";
        for (body, code, message) in [
            (body, Some("NoSuchKey"), Some("no <&lt; here")),
            ("<html>Bad Gateway</html>", None, None),
            ("<Error><Code>Cut", None, None),
            ("", None, None),
        ] {
            assert_eq!(element(body, "Code").as_deref(), code);
            assert_eq!(element(body, "Message").as_deref(), message);
        }
    }
}
