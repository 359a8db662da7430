//! The links of a model package, each followed to its other end.

mod data;
mod deployment;
mod image;
mod run;

use super::calls::Calls;
use super::record::{ModelPackage, Record, Topic, Verdict};
use super::trace::Trace;
use super::values::{behind, place, text, time};
use serde_json::Value;
use std::collections::BTreeMap;

/// Follows each link of a package, as DescribeModelPackage answers it.
pub(super) async fn follow(calls: &dyn Calls, package: &Value) -> Record {
    let mut trace = Trace {
        calls,
        package,
        document: None,
        links: Vec::new(),
    };
    read_document(&mut trace).await;
    let commit = trace
        .noted("commit")
        .or_else(|| text(package, "/MetadataProperties/CommitId"));
    commit_agrees(&mut trace);
    let image = image::follow(&mut trace).await;
    let data = data::follow(&mut trace).await;
    let execution = run::execution(&mut trace, &image.uri, commit.as_deref()).await;
    let training_job = run::training_job(&mut trace, &image.uri).await;
    let model_package = registered(package);
    model_is_there(&mut trace, &model_package.model).await;
    let deployment = deployment::follow(&mut trace, &model_package.arn, &image.uri, commit.as_deref()).await;
    Record {
        metrics: metrics(&trace),
        links: trace.links,
        commit,
        image,
        data,
        execution,
        training_job,
        model_package,
        deployment,
    }
}

/// The document that `WriteLineage` of statemachine/training-pipeline.asl.json has written.
async fn read_document(trace: &mut Trace<'_>) {
    let Some(url) = trace.noted("lineage") else { return };
    let Some((bucket, key)) = place(&url) else {
        trace.note(
            Topic::ModelPackage,
            Verdict::Broken,
            format!("`{url}` is no s3:// URL of a record"),
        );
        return;
    };
    let answer = trace.calls.get_object(bucket, key, None).await;
    let absent = format!("the record {url} is not there any more");
    let Some(bytes) = trace.there(Topic::ModelPackage, answer, (Verdict::Broken, &absent)) else {
        return;
    };
    match serde_json::from_slice(&bytes) {
        Ok(document) => trace.document = Some(document),
        Err(error) => trace.note(
            Topic::ModelPackage,
            Verdict::Broken,
            format!("the record {url}: {error}"),
        ),
    }
}

fn commit_agrees(trace: &mut Trace<'_>) {
    let registered = text(trace.package, "/MetadataProperties/CommitId");
    let noted = text(trace.package, "/CustomerMetadataProperties/commit");
    let ends = ("the package", noted.as_deref());
    trace.compare(Topic::Commit, "commit", ends, ("its metadata", registered.as_deref()));
    if let Some(document) = &trace.document {
        let written = text(document, "/commit");
        trace.compare(Topic::Commit, "commit", ends, ("the record", written.as_deref()));
    }
}

fn metrics(trace: &Trace<'_>) -> BTreeMap<String, f64> {
    let properties = trace.package["CustomerMetadataProperties"].as_object();
    let named = properties.into_iter().flatten().filter_map(|(name, value)| {
        let name = name.strip_prefix("metric.")?;
        Some((name.to_owned(), value.as_str()?.parse().ok()?))
    });
    named.collect()
}

fn registered(package: &Value) -> ModelPackage {
    let arn = text(package, "/ModelPackageArn").unwrap_or_default();
    ModelPackage {
        group: text(package, "/ModelPackageGroupName").unwrap_or_default(),
        version: package["ModelPackageVersion"].as_u64().unwrap_or_default(),
        model: text(package, "/InferenceSpecification/Containers/0/ModelDataUrl").unwrap_or_default(),
        registered_at: time(package, "/CreationTime"),
        approval: text(package, "/ModelApprovalStatus").unwrap_or_default(),
        approval_description: text(package, "/ApprovalDescription"),
        last_modified_by: text(package, "/LastModifiedBy/IamIdentity/Arn")
            .or_else(|| text(package, "/LastModifiedBy/UserProfileName")),
        arn,
    }
}

async fn model_is_there(trace: &mut Trace<'_>, url: &str) {
    let Some((bucket, key)) = place(url) else {
        trace.note(Topic::ModelPackage, Verdict::Broken, "the package names no model in S3");
        return;
    };
    let answer = trace.calls.head_object(bucket, key, None).await;
    let absent = format!("the model {url} is not there any more");
    if trace
        .there(Topic::ModelPackage, answer, (Verdict::Broken, &absent))
        .is_some()
    {
        let text = format!("{} is there", behind(url, '/'));
        trace.note(Topic::ModelPackage, Verdict::Agrees, text);
    }
    if let Some(document) = &trace.document {
        let written = text(document, "/model");
        trace.compare(
            Topic::ModelPackage,
            "model",
            ("the package", Some(url)),
            ("the record", written.as_deref()),
        );
    }
}
