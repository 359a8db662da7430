//! The documentation's examples of policies, each with requests and what becomes of them.
//!
//! Each case has the page that its rule is on. IAM denies what nothing allows.

mod conditions;
mod statements;
mod together;

use crate::principal::Principal;
use serde_json::{Value, json};

/// Where the pages are.
const GUIDE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/";

fn policy(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn zhang() -> Principal {
    Principal::User {
        name: "Zhang".to_owned(),
        path: "/".to_owned(),
    }
}
