//! Log streams and their lines.

use super::reader::{Gone, Reader};
use super::values::text;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A log stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    /// The log group.
    pub(crate) group: String,
    /// The stream in it.
    pub(crate) name: String,
}

/// Lines of a stream.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines {
    /// Each with its moment.
    pub(crate) lines: Vec<(Timestamp, String)>,
    /// How many lines there are before these that are not here.
    pub(crate) before: usize,
}

/// The most lines that are read of a stream.
const MOST: usize = 100_000;

impl Stream {
    /// The stream of a build: <https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details.html>.
    pub(crate) fn of_build(build: &str) -> Option<Self> {
        let (project, name) = build.split_once(':')?;
        Some(Self {
            group: format!("/aws/codebuild/{project}"),
            name: name.to_owned(),
        })
    }
}

impl Reader {
    /// The streams of a group whose names begin so; none where the group is not there.
    pub(crate) async fn streams(&self, group: &str, prefix: &str) -> Vec<Stream> {
        let mut input = json!({"logGroupName": group});
        if !prefix.is_empty() {
            input["logStreamNamePrefix"] = prefix.into();
        }
        let names = ("logStreams", "nextToken");
        let listed = self.all(("logs", "DescribeLogStreams"), input, names, 1000).await;
        let read = |stream: &Value| Stream {
            group: group.to_owned(),
            name: text(stream, "logStreamName").to_owned(),
        };
        listed.unwrap_or_default().iter().map(read).collect()
    }

    /// The lines of a stream that have `filter` in them, of which the last `most` are given.
    pub(crate) async fn lines(&self, stream: &Stream, filter: &str, most: usize) -> Result<Lines, Gone> {
        let mut input = json!({
            "logGroupName": stream.group,
            "logStreamName": stream.name,
            "startFromHead": true,
        });
        let mut found = Vec::new();
        let wanted = filter.to_lowercase();
        loop {
            let mut page = self.look("logs", "GetLogEvents", input.clone()).await?;
            let Value::Array(events) = page["events"].take() else {
                break;
            };
            // The last token is answered again and again.
            let next = page["nextForwardToken"].take();
            if events.is_empty() || found.len() > MOST || next == input["nextToken"] {
                break;
            }
            input["nextToken"] = next;
            let lines = events.iter().map(|event| {
                let at = event["timestamp"].as_i64().unwrap_or_default();
                let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
                (at, text(event, "message").to_owned())
            });
            found.extend(lines.filter(|(_, line)| wanted.is_empty() || line.to_lowercase().contains(&wanted)));
        }
        let before = found.len().saturating_sub(most);
        Ok(Lines {
            lines: found.split_off(before),
            before,
        })
    }
}
