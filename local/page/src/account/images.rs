//! Repositories of ECR and their images.

use super::reader::{Gone, Reader};
use super::values::{moment, text};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A repository.
#[derive(Debug, Clone)]
pub(crate) struct Repository {
    /// Its name.
    pub(crate) name: String,
    /// Its images, those that were pushed last first.
    pub(crate) images: Vec<Image>,
}

/// An image.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    /// Its digest.
    pub(crate) digest: String,
    /// Its tags.
    pub(crate) tags: Vec<String>,
    /// How many bytes it has.
    pub(crate) size: u64,
    /// When it was pushed.
    pub(crate) pushed: Option<Timestamp>,
    /// How its scan ended, such as `COMPLETE`; empty where there is none.
    pub(crate) scan: String,
    /// How many findings it has, by their severity, the worst first.
    pub(crate) findings: Vec<(String, u64)>,
}

/// The severities, the worst first.
const SEVERITIES: [&str; 7] = [
    "CRITICAL",
    "HIGH",
    "MEDIUM",
    "LOW",
    "INFORMATIONAL",
    "UNDEFINED",
    "UNTRIAGED",
];

impl Image {
    fn read(raw: &Value) -> Self {
        let counts = &raw["imageScanFindingsSummary"]["findingSeverityCounts"];
        let count = |severity: &str| {
            Some((
                severity.to_owned(),
                counts[severity].as_u64().filter(|count| *count > 0)?,
            ))
        };
        let tags = raw["imageTags"].as_array().into_iter().flatten();
        Self {
            digest: text(raw, "imageDigest").to_owned(),
            tags: tags.filter_map(Value::as_str).map(str::to_owned).collect(),
            size: raw["imageSizeInBytes"].as_u64().unwrap_or_default(),
            pushed: moment(&raw["imagePushedAt"]),
            scan: text(&raw["imageScanStatus"], "status").to_owned(),
            findings: SEVERITIES.into_iter().filter_map(count).collect(),
        }
    }
}

/// The digest that a URI names; empty where it names none.
pub(crate) fn digest_of(uri: &str) -> &str {
    uri.split_once('@').map_or("", |(_, digest)| digest)
}

impl Reader {
    /// The repositories with their images.
    pub(crate) async fn repositories(&self) -> Result<Vec<Repository>, Gone> {
        let names = ("repositories", "nextToken");
        let listed = self
            .all(("ecr", "DescribeRepositories"), json!({}), names, 1000)
            .await?;
        let mut found = Vec::new();
        for raw in &listed {
            let name = text(raw, "repositoryName").to_owned();
            let input = json!({"repositoryName": name});
            let images = self
                .all(("ecr", "DescribeImages"), input, ("imageDetails", "nextToken"), 1000)
                .await?;
            let mut images: Vec<Image> = images.iter().map(Image::read).collect();
            images.sort_by_key(|image| std::cmp::Reverse(image.pushed));
            found.push(Repository { name, images });
        }
        Ok(found)
    }
}
