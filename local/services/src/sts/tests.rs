//! What Security Token Service refuses, through the one door.

use super::Sts;
use crate::testing::{account, call};
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn inputs_that_are_none_are_refused_in_aws_words() {
    let platform = account(vec![Arc::<Sts>::default()]);
    let arn = "arn:aws:iam::123456789012:role/none";
    let short =
        "Value 'r' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20";
    for (role, session, seconds, said) in [
        ("r", "me", 900, format!("1 validation error detected: {short}")),
        (
            "r",
            "m",
            900,
            format!(
                "2 validation errors detected: {short}; Value 'm' at 'roleSessionName' failed to satisfy constraint: Member \
                 must have length greater than or equal to 2"
            ),
        ),
        (
            arn,
            "one:2",
            900,
            "1 validation error detected: Value 'one:2' at 'roleSessionName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [\\w+=,.@-]*"
                .to_owned(),
        ),
        (
            arn,
            "me",
            899,
            "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have \
             value greater than or equal to 900"
                .to_owned(),
        ),
        (
            arn,
            "me",
            43_201,
            "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have \
             value less than or equal to 43200"
                .to_owned(),
        ),
        ("no-arn-at-all-but-long", "me", 900, "no-arn-at-all-but-long is invalid".to_owned()),
        ("arn::iam:::role/without-partition", "me", 900, "arn::iam:::role/without-partition is invalid".to_owned()),
        ("arn:aws::::role/without-service", "me", 900, "arn:aws::::role/without-service is invalid".to_owned()),
        ("arn:aws:::role/too-few-parts", "me", 900, "arn:aws:::role/too-few-parts is invalid".to_owned()),
        ("arn:aws:iam::123456789012:", "me", 900, "arn:aws:iam::123456789012: is invalid".to_owned()),
    ] {
        let input = json!({"RoleArn": role, "RoleSessionName": session, "DurationSeconds": seconds});
        let error = call(&platform, "sts", "AssumeRole", input).await.expect_err(role);
        assert_eq!((error.code.as_str(), error.message), ("ValidationException", said));
    }
}
