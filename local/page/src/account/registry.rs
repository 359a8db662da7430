//! Models in SageMaker's registry: groups and their versions.

use super::reader::{Gone, Reader};
use super::values::{moment, text};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A version of a model package group.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    /// Its ARN.
    pub(crate) arn: String,
    /// The group.
    pub(crate) group: String,
    /// The version.
    pub(crate) version: u64,
    /// Approved, Rejected or PendingManualApproval.
    pub(crate) approval: String,
    /// When it was registered.
    pub(crate) created: Option<Timestamp>,
    /// The whole answer of DescribeModelPackage.
    pub(crate) raw: Value,
}

impl Package {
    fn read(raw: Value) -> Self {
        Self {
            arn: text(&raw, "ModelPackageArn").to_owned(),
            group: text(&raw, "ModelPackageGroupName").to_owned(),
            version: raw["ModelPackageVersion"].as_u64().unwrap_or_default(),
            approval: text(&raw, "ModelApprovalStatus").to_owned(),
            created: moment(&raw["CreationTime"]),
            raw,
        }
    }

    /// Something that was noted of it; empty where it was not.
    pub(crate) fn noted(&self, name: &str) -> &str {
        text(&self.raw["CustomerMetadataProperties"], name)
    }

    /// The commit that it was made from.
    pub(crate) fn commit(&self) -> &str {
        match self.noted("commit") {
            "" => text(&self.raw["MetadataProperties"], "CommitId"),
            commit => commit,
        }
    }

    /// The ARN of the execution that made it.
    pub(crate) fn execution(&self) -> &str {
        match self.noted("execution") {
            "" => text(&self.raw["MetadataProperties"], "GeneratedBy"),
            execution => execution,
        }
    }

    /// The image that serves it.
    pub(crate) fn image(&self) -> &str {
        match text(&self.raw["InferenceSpecification"]["Containers"][0], "Image") {
            "" => self.noted("image"),
            image => image,
        }
    }

    /// Where the model is.
    pub(crate) fn model(&self) -> &str {
        text(&self.raw["InferenceSpecification"]["Containers"][0], "ModelDataUrl")
    }

    /// Its metrics, which are noted as `metric.NAME`.
    pub(crate) fn metrics(&self) -> Vec<(&str, f64)> {
        let noted = self.raw["CustomerMetadataProperties"].as_object();
        let mut metrics = Vec::new();
        for (name, value) in noted.into_iter().flatten() {
            let number = value.as_str().and_then(|value| value.parse::<f64>().ok());
            metrics.extend(name.strip_prefix("metric.").zip(number));
        }
        metrics
    }

    /// One of its metrics.
    pub(crate) fn metric(&self, name: &str) -> Option<f64> {
        let found = self.metrics().into_iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
    }
}

impl Reader {
    /// The names of the model package groups.
    pub(crate) async fn groups(&self) -> Result<Vec<String>, Gone> {
        let names = ("ModelPackageGroupSummaryList", "NextToken");
        let listed = self
            .all(("sagemaker", "ListModelPackageGroups"), json!({}), names, 1000)
            .await?;
        let name = |group: &Value| text(group, "ModelPackageGroupName").to_owned();
        Ok(listed.iter().map(name).collect())
    }

    /// The versions of a group, the newest first, at most `most`.
    pub(crate) async fn packages(&self, group: &str, most: usize) -> Result<Vec<Package>, Gone> {
        let input = json!({"ModelPackageGroupName": group, "SortBy": "CreationTime", "SortOrder": "Descending"});
        let names = ("ModelPackageSummaryList", "NextToken");
        let listed = self.all(("sagemaker", "ListModelPackages"), input, names, most).await?;
        let mut packages = Vec::new();
        for summary in &listed {
            packages.push(self.package(text(summary, "ModelPackageArn")).await?);
        }
        packages.sort_by_key(|package| std::cmp::Reverse(package.version));
        Ok(packages)
    }

    /// A version by its ARN.
    pub(crate) async fn package(&self, arn: &str) -> Result<Package, Gone> {
        let input = json!({"ModelPackageName": arn});
        let described = self.look("sagemaker", "DescribeModelPackage", input).await;
        Ok(Package::read(described.map_err(Gone::of_sagemaker)?))
    }
}
