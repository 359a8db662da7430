//! The log groups of the account, and the operations on groups and streams.

use super::group::{self, Group, described};
use super::place::{InGroup, OfNamed, OnGroup, arn, constraint, invalid, limit_within, name_in, stream_arn};
use platform::input::page;
use platform::store::{Held, Rows, Store, StoreError};
use platform::{Call, Nothing, Operation, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// For how many days events can be kept:
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html>.
const RETENTIONS: &[i64] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/// CloudWatch Logs in this account and region.
#[derive(Debug, Default)]
pub struct Logs {
    groups: Rows<Group>,
    /// Where streams and events are.
    pub(super) lasting: Store,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CreateLogGroup {
    log_group_class: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DescribeLogGroups {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OfStream {
    pub(super) log_stream_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DescribeLogStreams {
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PutRetentionPolicy {
    retention_in_days: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TagResource {
    resource_arn: String,
    tags: BTreeMap<String, String>,
}

/// The input of what TagResource has taken over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TagLogGroup {
    tags: BTreeMap<String, String>,
}

/// The input of what UntagResource has taken over: the keys of tags are called tags.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UntagLogGroup {
    tags: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OfResource {
    pub(super) resource_arn: String,
}

pub(super) fn may_create(
    _: &Logs,
    platform: &Platform,
    input: &OnGroup<CreateLogGroup>,
) -> Result<Vec<Requirement>, ServiceError> {
    let name = &input.target.log_group_name;
    let plain = |character: char| character.is_ascii_alphanumeric() || "._-/#".contains(character);
    check_length("logGroupName", name)?;
    if !name.chars().all(plain) {
        let pattern = "Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+";
        return Err(constraint("logGroupName", name, pattern));
    }
    let arn = arn(platform, name);
    let given = &input.own.tags;
    let tags = (!given.is_empty()).then(|| giving("TagResource", &arn, given));
    let create = giving("CreateLogGroup", &arn, given);
    Ok([create].into_iter().chain(tags).collect())
}

/// An action on a group, with the tags that the request gives.
fn giving(action: &str, arn: &str, tags: &BTreeMap<String, String>) -> Requirement {
    let tags = tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    Requirement::new(format!("logs:{action}"), arn).giving(tags)
}

/// The rows of the operations that give tags, and take them away.
pub(super) fn tagging() -> [Operation<Logs>; 4] {
    [
        Operation::new(
            "TagLogGroup",
            |_: &Logs, platform: &Platform, input: &OnGroup<TagLogGroup>| {
                let arn = InGroup::requires(platform, input);
                Ok(vec![giving("TagLogGroup", &arn, &input.own.tags)])
            },
            Logs::tag_group,
        ),
        Operation::new(
            "TagResource",
            |_: &Logs, _: &Platform, input: &TagResource| {
                Ok(vec![giving("TagResource", &input.resource_arn, &input.tags)])
            },
            Logs::tag,
        ),
        Operation::new(
            "UntagLogGroup",
            |_: &Logs, platform: &Platform, input: &OnGroup<UntagLogGroup>| {
                let untag = Requirement::new("logs:UntagLogGroup", InGroup::requires(platform, input));
                Ok(vec![untag.taking(&input.own.tags)])
            },
            Logs::untag_group,
        ),
        Operation::new(
            "UntagResource",
            |_: &Logs, _: &Platform, input: &UntagResource| {
                let untag = Requirement::new("logs:UntagResource", &input.resource_arn);
                Ok(vec![untag.taking(&input.tag_keys)])
            },
            Logs::untag,
        ),
    ]
}

impl Logs {
    /// CloudWatch Logs with what this store keeps of it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(lasting: &Store) -> Result<Self, StoreError> {
        let groups: Rows<Group> = Rows::open(lasting, "logs/groups")?;
        let mut held = groups.lock();
        let names: Vec<String> = held.keys().cloned().collect();
        for name in names {
            if let Some(group) = held.get_mut(&name) {
                group.recall(group::Rows::of(lasting, &name))?;
            }
        }
        drop(held);
        Ok(Self {
            groups,
            lasting: lasting.clone(),
        })
    }

    pub(super) fn groups(&self) -> Held<'_, Group> {
        self.groups.lock()
    }

    pub(super) fn in_group<T>(
        &self,
        group: &str,
        work: impl FnOnce(&mut Group) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let mut groups = self.groups();
        work(groups.get_mut(group).ok_or_else(no_group)?)
    }

    pub(super) fn create_group(&self, _: &Call, input: OnGroup<CreateLogGroup>) -> Result<Value, ServiceError> {
        if let Some(class) = input.own.log_group_class.filter(|class| class != "STANDARD") {
            let message = format_args!("the local run does not have the log group class `{class}`");
            return Err(ServiceError::new("NotInLocalRun", message).with_status(501));
        }
        let (name, mut groups) = (input.target.log_group_name, self.groups());
        if groups.contains_key(&name) {
            return Err(exists("log group"));
        }
        let rows = group::Rows::of(&self.lasting, &name);
        groups.insert(name, Group::new(input.own.tags, rows));
        Ok(Value::Null)
    }

    pub(super) fn delete_group(&self, _: &Call, input: OnGroup<Nothing>) -> Result<Value, ServiceError> {
        let removed = self.groups().remove(&input.target.log_group_name);
        removed.ok_or_else(no_group)?.clear();
        Ok(Value::Null)
    }

    pub(super) fn describe_groups(&self, call: &Call, input: DescribeLogGroups) -> Result<Value, ServiceError> {
        if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
            return Err(invalid(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
            ));
        }
        let (prefix, part) = (
            input.log_group_name_prefix.unwrap_or_default(),
            input.log_group_name_pattern.unwrap_or_default(),
        );
        let groups = self.groups();
        let wanted = groups
            .iter()
            .filter(|(name, _)| name.starts_with(&prefix) && name.contains(&part));
        let page = page(
            wanted,
            limit(input.limit)?,
            input.next_token.as_deref(),
            "InvalidParameterException",
        )?;
        Ok(page.answer("logGroups", "nextToken", |(name, group)| {
            let with_streams = arn(&call.platform, name);
            let mut described = json!({
                "logGroupName": name,
                "creationTime": group.created,
                "metricFilterCount": 0,
                "arn": with_streams,
                "logGroupArn": with_streams.trim_end_matches(":*"),
                "storedBytes": group.bytes,
                "logGroupClass": "STANDARD",
            });
            if let Some(days) = group.retention {
                described["retentionInDays"] = days.into();
            }
            described
        }))
    }

    pub(super) fn create_stream(&self, _: &Call, input: OnGroup<OfStream>) -> Result<Value, ServiceError> {
        let stream = input.own.log_stream_name;
        check_length("logStreamName", &stream)?;
        if stream.contains([':', '*']) {
            let pattern = "Member must satisfy regular expression pattern: [^:*]*";
            return Err(constraint("logStreamName", &stream, pattern));
        }
        self.in_group(&input.target.log_group_name, |group| {
            if group.open(&stream) {
                Ok(Value::Null)
            } else {
                Err(exists("log stream"))
            }
        })
    }

    pub(super) fn delete_stream(&self, _: &Call, input: OnGroup<OfStream>) -> Result<Value, ServiceError> {
        self.in_group(&input.target.log_group_name, |group| {
            if group.delete(&input.own.log_stream_name) {
                Ok(Value::Null)
            } else {
                Err(no_stream())
            }
        })
    }

    pub(super) fn describe_streams(
        &self,
        call: &Call,
        input: OfNamed<DescribeLogStreams>,
    ) -> Result<Value, ServiceError> {
        let (name, input) = (input.target.name()?, input.own);
        let by_time = match input.order_by.as_deref() {
            None | Some("LogStreamName") => false,
            Some("LastEventTime") => true,
            Some(other) => {
                let values = "Member must satisfy enum value set: [LogStreamName, LastEventTime]";
                return Err(constraint("orderBy", other, values));
            }
        };
        if by_time && input.log_stream_name_prefix.is_some() {
            return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        let (size, prefix) = (limit(input.limit)?, input.log_stream_name_prefix.unwrap_or_default());
        self.in_group(&name, |group| {
            let mut streams: Vec<_> = group
                .streams
                .iter()
                .filter(|(name, _)| name.starts_with(&prefix))
                .collect();
            if by_time {
                streams.sort_by_key(|(_, stream)| stream.last_event);
            }
            if input.descending {
                streams.reverse();
            }
            let page = page(streams, size, input.next_token.as_deref(), "InvalidParameterException")?;
            Ok(page.answer("logStreams", "nextToken", |(stream, of)| {
                described(stream, of, &stream_arn(&call.platform, &name, stream))
            }))
        })
    }

    pub(super) fn put_retention(&self, _: &Call, input: OnGroup<PutRetentionPolicy>) -> Result<Value, ServiceError> {
        let days = input.own.retention_in_days;
        if !RETENTIONS.contains(&days) {
            return Err(invalid(format_args!(
                "`retentionInDays` cannot be {days}: it is one of {RETENTIONS:?}"
            )));
        }
        self.in_group(&input.target.log_group_name, |group| {
            group.retention = Some(days);
            Ok(Value::Null)
        })
    }

    pub(super) fn delete_retention(&self, _: &Call, input: OnGroup<Nothing>) -> Result<Value, ServiceError> {
        self.in_group(&input.target.log_group_name, |group| {
            group.retention = None;
            Ok(Value::Null)
        })
    }

    pub(super) fn tag_group(&self, call: &Call, input: OnGroup<TagLogGroup>) -> Result<Value, ServiceError> {
        let resource_arn = arn(&call.platform, &input.target.log_group_name);
        let tags = input.own.tags;
        self.tag(call, TagResource { resource_arn, tags })
    }

    pub(super) fn untag_group(&self, call: &Call, input: OnGroup<UntagLogGroup>) -> Result<Value, ServiceError> {
        let resource_arn = arn(&call.platform, &input.target.log_group_name);
        let tag_keys = input.own.tags;
        self.untag(call, UntagResource { resource_arn, tag_keys })
    }

    pub(super) fn list_group_tags(&self, call: &Call, input: OnGroup<Nothing>) -> Result<Value, ServiceError> {
        let resource_arn = arn(&call.platform, &input.target.log_group_name);
        self.list_tags(call, OfResource { resource_arn })
    }

    pub(super) fn tag(&self, _: &Call, input: TagResource) -> Result<Value, ServiceError> {
        self.in_group(name_in(&input.resource_arn)?, |group| {
            group.tags.extend(input.tags);
            Ok(Value::Null)
        })
    }

    pub(super) fn untag(&self, _: &Call, input: UntagResource) -> Result<Value, ServiceError> {
        self.in_group(name_in(&input.resource_arn)?, |group| {
            group.tags.retain(|name, _| !input.tag_keys.contains(name));
            Ok(Value::Null)
        })
    }

    pub(super) fn list_tags(&self, _: &Call, input: OfResource) -> Result<Value, ServiceError> {
        self.in_group(name_in(&input.resource_arn)?, |group| Ok(json!({"tags": group.tags})))
    }
}

/// How many are on a page of groups or streams.
fn limit(asked: Option<usize>) -> Result<usize, ServiceError> {
    limit_within(asked, 50)
}

/// Names of groups and streams have 1 to 512 characters.
fn check_length(member: &str, name: &str) -> Result<(), ServiceError> {
    match name.len() {
        0 => Err(constraint(
            member,
            name,
            "Member must have length greater than or equal to 1",
        )),
        1..=512 => Ok(()),
        _ => Err(invalid(
            "Invalid LogGroup or LogStream, both must have length less than or equal to 512.",
        )),
    }
}

fn exists(what: &str) -> ServiceError {
    let message = format_args!("The specified {what} already exists");
    ServiceError::new("ResourceAlreadyExistsException", message)
}

fn no_group() -> ServiceError {
    ServiceError::new("ResourceNotFoundException", "The specified log group does not exist.")
}

pub(super) fn no_stream() -> ServiceError {
    ServiceError::new("ResourceNotFoundException", "The specified log stream does not exist.")
}
