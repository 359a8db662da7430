//! Objects, through the one door.

use crate::testing::{account, call};
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn an_object_without_bytes_has_a_body_all_the_same() {
    let platform = account(vec![Arc::<super::S3>::default()]);
    let object = json!({"Bucket": "data", "Key": "empty"});
    for (operation, input) in [
        ("CreateBucket", json!({"Bucket": "data"})),
        ("PutObject", object.clone()),
    ] {
        call(&platform, "s3", operation, input).await.expect(operation);
    }
    for (operation, body) in [("GetObject", Some(&json!(""))), ("HeadObject", None)] {
        let answer = call(&platform, "s3", operation, object.clone()).await;
        assert_eq!(answer.expect(operation).get("Body"), body, "{operation}");
    }
}
