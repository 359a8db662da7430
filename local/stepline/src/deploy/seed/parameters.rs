//! What Parameter Store begins with: `seed/parameters.json`, for parameters that no template makes. CloudFormation cannot
//! make SecureStrings, for one.
//!
//! ```json
//! {
//!   "/team/bucket": "team-data",
//!   "/team/subnets": ["subnet-1", "subnet-2"],
//!   "/team/token": {"Type": "SecureString", "Value": "not the real one"}
//! }
//! ```

use crate::cloud::Cloud;
use platform::{Principal, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Where they are, below the root of the repository.
const FILE: &str = "seed/parameters.json";

/// The tag that says that a parameter is of that file.
const SEED: &str = "seed";

/// A parameter as it is written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    List(Vec<String>),
    Whole(Whole),
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Whole {
    value: String,
    r#type: Option<String>,
    description: Option<String>,
}

impl Written {
    /// The input of PutParameter.
    fn input(self, name: &str) -> Value {
        let (kind, value, description) = match self {
            Self::Text(value) => ("String".to_owned(), value, None),
            Self::List(values) => ("StringList".to_owned(), values.join(","), None),
            Self::Whole(whole) => {
                let kind = whole.r#type.unwrap_or_else(|| "String".to_owned());
                (kind, whole.value, whole.description)
            }
        };
        let mut input = json!({"Name": name, "Type": kind, "Value": value});
        if let Some(description) = description {
            input["Description"] = description.into();
        }
        input
    }
}

/// Puts the parameters that are not there yet, and those of the file that it has changed since.
///
/// # Errors
/// The file cannot be read, or Parameter Store refuses one.
pub(crate) async fn put(cloud: &Arc<Cloud>) -> Result<(), String> {
    for (name, written) in read(&cloud.root)? {
        let put = put_one(cloud, &name, written).await;
        put.map_err(|error| format!("{FILE}: `{name}`: {error}"))?;
    }
    Ok(())
}

fn read(root: &Path) -> Result<BTreeMap<String, Written>, String> {
    let text = match std::fs::read_to_string(root.join(FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(format!("{FILE}: {error}")),
    };
    // What is wrong is said without the values: some of them are secrets.
    let read: Value = serde_json::from_str(&text)
        .map_err(|error| format!("{FILE}:{}:{}: this is no JSON", error.line(), error.column()))?;
    let Value::Object(named) = read else {
        return Err(format!("{FILE} must be a JSON object of parameters by their names"));
    };
    let written = |(name, value): (String, Value)| {
        let written = Written::deserialize(value);
        let wrong =
            |_| format!("{FILE}: `{name}` must be a text, a list of texts, or an object with `Value` and `Type`");
        written.map_err(wrong).map(|written| (name, written))
    };
    named.into_iter().map(written).collect()
}

async fn put_one(cloud: &Arc<Cloud>, name: &str, written: Written) -> Result<(), ServiceError> {
    let call = |operation: &'static str, input: Value| cloud.call(&Principal::Administrator, "ssm", operation, input);
    let mut input = written.input(name);
    let known = call("GetParameter", json!({"Name": name, "WithDecryption": true})).await;
    let is_there = known.is_ok();
    if let Ok(known) = known {
        let known = &known["Parameter"];
        let is_the_same = known["Value"] == input["Value"] && known["Type"] == input["Type"];
        let tags = call(
            "ListTagsForResource",
            json!({"ResourceType": "Parameter", "ResourceId": name}),
        )
        .await?;
        let mut tags = tags["TagList"].as_array().into_iter().flatten();
        // What a template or somebody else has put there stays.
        if is_the_same || !tags.any(|tag| tag["Key"] == SEED) {
            return Ok(());
        }
        input["Overwrite"] = true.into();
    }
    call("PutParameter", input).await?;
    if !is_there {
        let tag = json!({"Key": SEED, "Value": FILE});
        let tags = json!({"ResourceType": "Parameter", "ResourceId": name, "Tags": [tag]});
        call("AddTagsToResource", tags).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_written_in_three_ways() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()), Ok(BTreeMap::new()));
        let write = |text: &str| {
            std::fs::create_dir_all(folder.path().join("seed")).unwrap();
            std::fs::write(folder.path().join(FILE), text).unwrap();
            read(folder.path())
        };
        let read = write(r#"{"/a": "t", "/b": ["x", "y"], "/c": {"Type": "SecureString", "Value": "s"}}"#);
        let inputs = read.unwrap().into_iter().map(|(name, written)| written.input(&name));
        let expected = [
            json!({"Name": "/a", "Type": "String", "Value": "t"}),
            json!({"Name": "/b", "Type": "StringList", "Value": "x,y"}),
            json!({"Name": "/c", "Type": "SecureString", "Value": "s"}),
        ];
        assert_eq!(inputs.collect::<Vec<_>>(), expected);
        for (text, part) in [
            ("{\n}}", "seed/parameters.json:2:2: this is no JSON"),
            ("[]", "seed/parameters.json must be a JSON object"),
            (r#"{"/a": 7}"#, "`/a` must be a text"),
            (r#"{"/a": {"Value": "secret", "Typ": "String"}}"#, "`/a` must be a text"),
        ] {
            let error = write(text).unwrap_err();
            assert!(error.contains(part) && !error.contains("secret"), "{error}");
        }
    }

    #[tokio::test]
    async fn what_somebody_else_has_put_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("seed")).unwrap();
        let write = |a: &str, b: &str| {
            let text = json!({"/a": a, "/b": {"Type": "SecureString", "Value": b}}).to_string();
            std::fs::write(folder.path().join(FILE), text).unwrap();
        };
        let cloud = Cloud::new(platform::Account::local(), folder.path().to_owned());
        let call =
            |operation: &'static str, input: Value| cloud.call(&Principal::Administrator, "ssm", operation, input);
        let value = async |name: &str| {
            let got = call("GetParameter", json!({"Name": name, "WithDecryption": true}))
                .await
                .unwrap();
            got["Parameter"]["Value"].as_str().unwrap().to_owned()
        };
        call(
            "PutParameter",
            json!({"Name": "/a", "Type": "String", "Value": "theirs"}),
        )
        .await
        .unwrap();
        write("ours", "1");
        put(&cloud).await.unwrap();
        write("ours", "2");
        put(&cloud).await.unwrap();
        assert_eq!(
            (value("/a").await, value("/b").await),
            ("theirs".to_owned(), "2".to_owned())
        );
        std::fs::write(folder.path().join(FILE), r#"{"a b": "x"}"#).unwrap();
        let error = put(&cloud).await.unwrap_err();
        assert!(error.starts_with("seed/parameters.json: `a b`: "), "{error}");
    }
}
