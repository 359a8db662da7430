//! What lasts of stacks: themselves, what happened to them, their resources and their change sets.

use super::engine::{Change, Shown, Summary, Wanted};
use super::status::Status;
use crate::tags::Tag;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What was made of a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its type, such as `AWS::SQS::Queue`.
    pub kind: String,
    /// What it was asked for with.
    pub properties: Value,
    /// What `Ref` gives of it. None while it is being made.
    pub reference: Option<Value>,
    /// What `Fn::GetAtt` gives of it.
    pub attributes: BTreeMap<String, Value>,
    /// Whether it stays when the template does not have it any more.
    pub is_retained: bool,
    /// Whether it goes with a stack that cannot be created, although it is retained.
    #[serde(default)]
    pub is_retained_once_created: bool,
    /// Whether it is being made or changed, or could not be: then the properties are those from before.
    #[serde(default)]
    pub is_begun: bool,
    /// Whether it only stands for a resource that the local run does not have.
    #[serde(default)]
    pub is_stand_in: bool,
    /// What was left out of it: the way to it below the logical id, and why.
    #[serde(default)]
    pub passed_over: Vec<(Vec<String>, String)>,
}

/// A stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Stack {
    /// Its ARN.
    pub(super) id: String,
    /// What it is made of.
    pub(super) wanted: Wanted,
    /// The template after its transforms.
    pub(super) processed: String,
    pub(super) status: Status,
    pub(super) reason: Option<String>,
    pub(super) description: Option<String>,
    /// The parameters whose values are not shown.
    pub(super) hidden: Vec<String>,
    pub(super) capabilities: Vec<String>,
    pub(super) tags: Vec<Tag>,
    pub(super) outputs: Vec<Shown>,
    pub(super) imports: Vec<String>,
    pub(super) role_arn: Option<String>,
    pub(super) disable_rollback: bool,
    /// The change set that made it what it is.
    pub(super) change_set: Option<String>,
    pub(super) created: Timestamp,
    pub(super) updated: Option<Timestamp>,
    pub(super) deleted: Option<Timestamp>,
    /// The stack whose template nests it.
    #[serde(default)]
    pub(super) parent_id: Option<String>,
    /// The outermost of them.
    #[serde(default)]
    pub(super) root_id: Option<String>,
    /// Whether the local run deploys it, each time that it starts.
    pub(super) is_own: bool,
    /// What it was before the change that is under way or has failed: what a rollback goes back to.
    #[serde(default)]
    pub(super) stable: Option<Box<Stack>>,
}

impl Stack {
    /// The stack that is there with what it is to be, or a new one with this id.
    pub(super) fn becoming(before: Option<&Self>, id: String, wanted: Wanted) -> Self {
        match before {
            Some(before) => Self {
                wanted,
                ..before.clone()
            },
            None => Self::new(id, wanted),
        }
    }

    /// A stack of which nothing is there.
    pub(super) fn new(id: String, wanted: Wanted) -> Self {
        Self {
            id,
            wanted,
            processed: String::new(),
            status: Status::ReviewInProgress,
            reason: None,
            description: None,
            hidden: Vec::new(),
            capabilities: Vec::new(),
            tags: Vec::new(),
            outputs: Vec::new(),
            imports: Vec::new(),
            role_arn: None,
            disable_rollback: false,
            change_set: None,
            created: Timestamp::now(),
            updated: None,
            deleted: None,
            parent_id: None,
            root_id: None,
            is_own: false,
            stable: None,
        }
    }

    /// What it was when its last change had succeeded or was taken back.
    ///
    /// See <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html>.
    pub(super) fn stable(self) -> Self {
        match self.stable {
            Some(stable) => *stable,
            None => self,
        }
    }

    /// Notes the stack whose template nests it, and gives it that one's tags, below those of its own.
    pub(super) fn nest_in(&mut self, parent: &Stack, own_tags: &[(String, String)]) {
        let own = own_tags.iter().map(|(key, value)| Tag {
            key: key.clone(),
            value: value.clone(),
        });
        let is_own = |tag: &&Tag| own_tags.iter().any(|(key, _)| *key == tag.key);
        let inherited = parent.tags.iter().filter(|tag| !is_own(tag)).cloned();
        self.tags = own.chain(inherited).collect();
        let root = parent.root_id.as_ref().unwrap_or(&parent.id);
        self.root_id = Some(root.clone());
        self.parent_id = Some(parent.id.clone());
    }

    /// Notes what its template says of itself.
    pub(super) fn say(&mut self, summary: &Summary) {
        self.description.clone_from(&summary.description);
        let hidden = summary.parameters.iter().filter(|parameter| parameter.is_hidden);
        self.hidden = hidden.map(|parameter| parameter.name.clone()).collect();
    }
}

/// The type of a stack, among the resources that events are about.
pub(super) const STACK: &str = "AWS::CloudFormation::Stack";

/// Something that happened to a stack or to a resource of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) stack_id: String,
    pub(super) stack: String,
    pub(super) logical_id: String,
    pub(super) physical_id: String,
    pub(super) kind: String,
    pub(super) status: Status,
    pub(super) reason: Option<String>,
    pub(super) at: Timestamp,
}

/// A change set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ChangeSet {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) stack_id: String,
    pub(super) is_creation: bool,
    /// The stack as it would be.
    pub(super) stack: Stack,
    pub(super) changes: Vec<Change>,
    pub(super) description: Option<String>,
    /// Why it cannot be executed.
    pub(super) failure: Option<String>,
    pub(super) is_executed: bool,
    /// Whether the stack has been changed since, by something else.
    #[serde(default)]
    pub(super) is_obsolete: bool,
    /// Whether the stacks that the template nests have change sets, too.
    #[serde(default)]
    pub(super) includes_nested: bool,
    /// The change set of the outer stack, if this one is part of it.
    #[serde(default)]
    pub(super) parent_id: Option<String>,
    /// The outermost of them.
    #[serde(default)]
    pub(super) root_id: Option<String>,
    pub(super) created: Timestamp,
    pub(super) on_failure: super::on_failure::OnFailure,
}
