//! What a template and its resources can have.

/// The sections of a template that are read.
pub(super) const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Transform",
];

/// The sections that CloudFormation has and the local run does not.
pub(super) const ABSENT_SECTIONS: &[&str] = &["Hooks", "Rules"];

/// What a resource can have beside its type and its properties.
pub(super) const RESOURCE_ATTRIBUTES: &[&str] = &[
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

/// What a resource of SAM's can have and the local run does not.
pub(super) const ABSENT_ATTRIBUTES: &[&str] = &["Connectors", "IgnoreGlobals"];
