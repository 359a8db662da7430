//! Parameter Store's adapter against the wire.

use super::*;
use crate::parameters::{Content, GetParameters, GetParametersByPath};

#[tokio::test]
async fn parameters_are_read_by_name_as_they_are() {
    let server = answering(json!({
        "Parameters": [
            {"Name": "/a", "Type": "String", "Value": "text", "Version": 3, "Selector": ":3",
             "ARN": "arn:aws:ssm:us-east-1:123456789012:parameter/a"},
            {"Name": "/l", "Type": "StringList", "Value": "x,y", "Version": 1},
            {"Name": "/s", "Type": "SecureString", "Value": "AQICAHciphertext", "Version": 1},
        ],
        "InvalidParameters": ["/none"],
    }));
    let found = aws(&server)
        .parameter_store()
        .get_parameters(&["/a:3", "/l", "/s", "/none"], false)
        .await
        .unwrap();
    let [text, list, sealed] = &found.parameters[..] else {
        panic!("three")
    };
    assert_eq!(
        (text.name.as_str(), text.selector.as_deref(), text.version),
        ("/a", Some("3"), 3)
    );
    assert_eq!(
        text.arn.as_deref(),
        Some("arn:aws:ssm:us-east-1:123456789012:parameter/a")
    );
    assert!(matches!(&text.content, Content::String(value) if value.expose() == "text"));
    assert!(matches!(&list.content, Content::StringList(value) if value.expose() == "x,y"));
    assert!(matches!(sealed.content, Content::Sealed), "no ciphertext is kept");
    assert_eq!(found.invalid, ["/none"]);
    let sent = json!({"Names": ["/a:3", "/l", "/s", "/none"], "WithDecryption": false});
    assert_called(&server, "AmazonSSM.GetParameters", &sent);
}

#[tokio::test]
async fn a_secure_string_is_decrypted_only_when_asked() {
    let server = answering(json!({"Parameters": [{"Name": "/s", "Type": "SecureString", "Value": "hush hush"}]}));
    let found = aws(&server)
        .parameter_store()
        .get_parameters(&["/s"], true)
        .await
        .unwrap();
    assert!(matches!(&found.parameters[0].content, Content::SecureString(value) if value.expose() == "hush hush"));
    assert!(!format!("{found:?}").contains("hush"));
    assert_called(
        &server,
        "AmazonSSM.GetParameters",
        &json!({"Names": ["/s"], "WithDecryption": true}),
    );
}

#[tokio::test]
async fn a_path_is_read_page_by_page_and_never_decrypted() {
    let server = answering(json!({"Parameters": [], "NextToken": "more"}));
    let page = aws(&server)
        .parameter_store()
        .get_parameters_by_path("/ml", true, Some("token"))
        .await
        .unwrap();
    assert!(
        page.parameters.is_empty() && page.next_token.as_deref() == Some("more"),
        "an empty page has a next one"
    );
    let sent = json!({
        "Path": "/ml", "Recursive": true, "WithDecryption": false, "MaxResults": 10, "NextToken": "token",
    });
    assert_called(&server, "AmazonSSM.GetParametersByPath", &sent);
}

#[tokio::test]
async fn failures_are_told_by_their_code() {
    for (code, status, kind) in [
        ("ThrottlingException", 400, CallErrorKind::Throttled),
        ("AccessDeniedException", 400, CallErrorKind::Denied),
        ("InternalServerError", 500, CallErrorKind::Unavailable),
        ("ValidationException", 400, CallErrorKind::Invalid),
    ] {
        let server = Loopback::start(move |_| Reply::json(status, &json!({"__type": code, "message": "so"})));
        let store = aws(&server).parameter_store();
        let error = store.get_parameters(&["/a"], false).await.unwrap_err();
        assert!(error.kind == kind && error.is(code), "{error}");
        let error = store.get_parameters_by_path("/a", false, None).await.unwrap_err();
        assert!(error.kind == kind && error.is(code), "{error}");
    }
}
