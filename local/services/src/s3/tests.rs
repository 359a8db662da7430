//! Objects, through the one door.

use platform::{Account, Platform, Principal};
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn an_object_without_bytes_has_a_body_all_the_same() {
    let platform = Platform::new(
        Account::local(),
        std::env::temp_dir(),
        vec![Arc::<super::S3>::default()],
    );
    let object = json!({"Bucket": "data", "Key": "empty"});
    for (operation, input) in [
        ("CreateBucket", json!({"Bucket": "data"})),
        ("PutObject", object.clone()),
    ] {
        let done = platform.call(&Principal::Administrator, "s3", operation, input).await;
        done.expect(operation);
    }
    for (operation, body) in [("GetObject", Some(&json!(""))), ("HeadObject", None)] {
        let answer = platform
            .call(&Principal::Administrator, "s3", operation, object.clone())
            .await;
        assert_eq!(answer.expect(operation).get("Body"), body, "{operation}");
    }
}
