//! CloudWatch Logs: groups, streams, and the lines in them.
//!
//! Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html>. Lines come by
//! PutLogEvents, and from whatever runs in the account: the platform hands on what functions, builds and jobs print. For
//! those the group and the stream are made, as their services do it on AWS. Each group keeps its newest 16 MB.

mod events;
mod group;
mod groups;
mod pattern;
mod place;
#[cfg(test)]
mod tests;

pub use groups::Logs;

use events::{FilterLogEvents, GetLogEvents, PutLogEvents};
use group::{Group, now};
use groups::{DescribeLogGroups, DescribeLogStreams, OfResource, OfStream, may_create};
use place::{InGroup, OfNamed, OnGroup, arn, stream_arn};
use platform::{Call, Line, Nothing, Operation, Operations, Platform, Requirement, Served, ServiceError};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html>.
impl Served for Logs {
    const SIGNING_NAME: &'static str = "logs";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<Logs>> = LazyLock::new(|| {
            let rows = [
                Operation::new("CreateLogGroup", may_create, Logs::create_group),
                on_stream("CreateLogStream", stream_of, Logs::create_stream),
                Operation::on("DeleteLogGroup", InGroup::requires::<Nothing>, Logs::delete_group),
                on_stream("DeleteLogStream", stream_of, Logs::delete_stream),
                Operation::on(
                    "DeleteRetentionPolicy",
                    InGroup::requires::<Nothing>,
                    Logs::delete_retention,
                ),
                Operation::on(
                    "DescribeLogGroups",
                    |platform, _: &DescribeLogGroups| platform.account.arn("logs", "log-group:*"),
                    Logs::describe_groups,
                ),
                reading(
                    "DescribeLogStreams",
                    |_: &DescribeLogStreams| None,
                    Logs::describe_streams,
                ),
                reading("FilterLogEvents", |_: &FilterLogEvents| None, Logs::filter_events),
                reading(
                    "GetLogEvents",
                    |it: &GetLogEvents| Some(&it.log_stream_name),
                    Logs::get_events,
                ),
                Operation::on(
                    "ListTagsForResource",
                    |_, it: &OfResource| it.resource_arn.clone(),
                    Logs::list_tags,
                ),
                Operation::on("ListTagsLogGroup", InGroup::requires::<Nothing>, Logs::list_group_tags),
                on_stream(
                    "PutLogEvents",
                    |it: &PutLogEvents| &it.log_stream_name,
                    Logs::put_events,
                ),
                Operation::on("PutRetentionPolicy", InGroup::requires, Logs::put_retention),
            ];
            Operations::new(rows.into_iter().chain(groups::tagging()))
        });
        &TABLE
    }

    /// Keeps a line; its stream and its group are made where they are not.
    fn keep(&self, line: &Line) {
        // An event has a message.
        if line.text.is_empty() {
            return;
        }
        let mut groups = self.groups();
        let group = groups.get_or_insert_with(&line.group, || {
            let rows = group::Rows::of(&self.lasting, &line.group);
            Group::new(BTreeMap::new(), rows)
        });
        group.open(&line.stream);
        group.keep(&line.stream, now(), line.text.clone());
    }
}

fn stream_of(input: &OfStream) -> &String {
    &input.log_stream_name
}

/// An operation on a stream of a group.
fn on_stream<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    stream: fn(&I) -> &String,
    does: fn(&Logs, &Call, OnGroup<I>) -> Result<Value, ServiceError>,
) -> Operation<Logs> {
    let arn = move |platform: &Platform, input: &OnGroup<I>| {
        stream_arn(platform, &input.target.log_group_name, stream(&input.own))
    };
    Operation::on(name, arn, does)
}

/// An operation that reads a group, or a stream of it, and is told the group's name or its ARN.
fn reading<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    stream: fn(&I) -> Option<&String>,
    does: fn(&Logs, &Call, OfNamed<I>) -> Result<Value, ServiceError>,
) -> Operation<Logs> {
    let requires = move |_: &Logs, platform: &Platform, input: &OfNamed<I>| {
        let group = input.target.name()?;
        let arn = match stream(&input.own) {
            Some(stream) => stream_arn(platform, &group, stream),
            None => arn(platform, &group),
        };
        Ok(vec![Requirement::new(format!("logs:{name}"), arn)])
    };
    Operation::new(name, requires, does)
}
