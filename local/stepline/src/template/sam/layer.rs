//! `AWS::Serverless::LayerVersion`.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-layerversion.html>.

use super::super::code;
use super::super::fault::Fault;
use super::parent::{Generated, Parent, copy};
use serde_json::Map;
use std::path::Path;

/// Properties that `AWS::Lambda::LayerVersion` has under another name, or not.
const EXPANDED: &[&str] = &["ContentUri", "LayerName", "LicenseInfo", "RetentionPolicy"];

/// Properties that it has under the same name.
const SAME: &[&str] = &["CompatibleArchitectures", "CompatibleRuntimes", "Description"];

/// Properties that the local run does not have.
const ABSENT: &[&str] = &["PublishLambdaVersion"];

/// The layer, under its own id: SAM puts a hash behind it, and changes what refers to it.
pub(super) fn expand(parent: &Parent<'_>, directory: &Path) -> Result<Generated, Fault> {
    let properties = &parent.properties;
    parent.check_properties(&[SAME, EXPANDED], ABSENT, "a layer")?;
    let mut layer = Map::new();
    copy(properties, SAME, &mut layer);
    copy(properties, &["LicenseInfo"], &mut layer);
    let name = properties.get("LayerName").cloned();
    layer.insert("LayerName".into(), name.unwrap_or_else(|| parent.id.into()));
    let content = code::of_layer(properties.get("ContentUri"), parent.metadata, directory);
    let content = content.map_err(|fault| fault.within("ContentUri").within("Properties"))?;
    layer.insert("Content".into(), content);
    Ok(vec![parent.generate_main("AWS::Lambda::LayerVersion", layer)])
}
