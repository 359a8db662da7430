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
    /// Whether there are lines before these that are not here.
    pub(crate) has_earlier: bool,
}

/// The most lines of a stream that are given.
const MOST: usize = 1_000_000;
/// The most lines that GetLogEvents answers at once.
const PAGE: usize = 10_000;

impl Stream {
    /// The stream of a build: <https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details.html>.
    pub(crate) fn of_build(build: &str) -> Option<Self> {
        let (project, name) = build.split_once(':')?;
        Some(Self {
            group: format!("/aws/codebuild/{project}"),
            name: name.to_owned(),
        })
    }

    /// What GetLogEvents is asked.
    fn input(&self) -> Value {
        json!({"logGroupName": self.group, "logStreamName": self.name})
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

    /// The streams of a group that had lines at about this moment, the likeliest first. A function has one for each of its
    /// processes, and nothing else says which one an invocation wrote to.
    pub(crate) async fn streams_at(&self, group: &str, at: Timestamp) -> Vec<Stream> {
        let names = ("logStreams", "nextToken");
        let input = json!({"logGroupName": group});
        let listed = self.all(("logs", "DescribeLogStreams"), input, names, 1000).await;
        let at = at.as_millisecond();
        let mut found: Vec<(i64, Stream)> = Vec::new();
        for stream in listed.unwrap_or_default() {
            let [first, last] = ["firstEventTimestamp", "lastEventTimestamp"].map(|name| stream[name].as_i64());
            let (Some(first), Some(last)) = (first, last) else {
                continue;
            };
            // How far away its lines are; one that goes on longer is not farther.
            let away = (first - at).max(at - last).max(0);
            let name = text(&stream, "logStreamName").to_owned();
            let group = group.to_owned();
            found.push((away, Stream { group, name }));
        }
        found.sort_by_key(|(away, _)| *away);
        found.into_iter().map(|(_, stream)| stream).collect()
    }

    /// The lines of a stream that have `filter` in them, of which the last `most` are given.
    ///
    /// A few are read from the stream's end, so that a long log is as cheap to look at as a short one. Everything is read
    /// from its beginning, up to [`MOST`] lines.
    pub(crate) async fn lines(&self, stream: &Stream, filter: &str, most: usize) -> Result<Lines, Gone> {
        let fit = Fit(filter.to_lowercase());
        if most < MOST {
            self.last_lines(stream, &fit, most).await
        } else {
            self.all_lines(stream, &fit).await
        }
    }

    /// The last lines, read page by page towards the stream's beginning until there are enough.
    async fn last_lines(&self, stream: &Stream, fit: &Fit, most: usize) -> Result<Lines, Gone> {
        let mut input = stream.input();
        if fit.0.is_empty() {
            // One more than is shown says whether there are earlier ones.
            input["limit"] = most.saturating_add(1).clamp(1, PAGE).into();
        }
        // The newest line first.
        let mut found = Vec::new();
        while found.len() <= most {
            let Some(lines) = self.page(&mut input, "nextBackwardToken").await? else {
                break;
            };
            found.extend(lines.into_iter().rev().filter(|(_, line)| fit.has(line)));
        }
        let has_earlier = found.len() > most;
        found.truncate(most);
        found.reverse();
        Ok(Lines {
            lines: found,
            has_earlier,
        })
    }

    /// All lines in their order. Those that are too many are counted, and the last line says how many they are.
    async fn all_lines(&self, stream: &Stream, fit: &Fit) -> Result<Lines, Gone> {
        let mut input = stream.input();
        input["startFromHead"] = true.into();
        let (mut found, mut missing) = (Vec::new(), 0);
        while let Some(lines) = self.page(&mut input, "nextForwardToken").await? {
            let lines = lines.into_iter().filter(|(_, line)| fit.has(line));
            missing += keep(&mut found, lines, MOST);
        }
        if missing > 0 {
            let at = found.last().map_or(Timestamp::UNIX_EPOCH, |(at, _)| *at);
            found.push((at, format!("… {missing} more lines are not shown here")));
        }
        Ok(Lines {
            lines: found,
            has_earlier: false,
        })
    }

    /// The page that `input` asks for, which then asks for the one behind `token`. None where the stream ends.
    async fn page(&self, input: &mut Value, token: &str) -> Result<Option<Vec<(Timestamp, String)>>, Gone> {
        let mut page = self.look("logs", "GetLogEvents", input.clone()).await?;
        // At the end there is nothing, and the last token is answered again and again.
        let next = page[token].take();
        let events = match page["events"].take() {
            Value::Array(events) if !events.is_empty() && next != input["nextToken"] => events,
            _ => return Ok(None),
        };
        input["nextToken"] = next;
        let read = |event: &Value| {
            let at = event["timestamp"].as_i64().unwrap_or_default();
            let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
            (at, text(event, "message").to_owned())
        };
        Ok(Some(events.iter().map(read).collect()))
    }
}

/// Which lines are wanted: those with this text in small letters in them.
struct Fit(String);

impl Fit {
    fn has(&self, line: &str) -> bool {
        self.0.is_empty() || line.to_lowercase().contains(&self.0)
    }
}

/// Keeps at most `most` lines, and says how many more there were.
fn keep<T>(found: &mut Vec<T>, mut lines: impl Iterator<Item = T>, most: usize) -> usize {
    found.extend(lines.by_ref().take(most.saturating_sub(found.len())));
    lines.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_too_many_are_counted() {
        let mut found = Vec::new();
        assert_eq!(keep(&mut found, 0..2, 3), 0);
        assert_eq!(keep(&mut found, 2..5, 3), 2);
        assert_eq!(keep(&mut found, 5..6, 3), 1);
        assert_eq!(found, [0, 1, 2]);
    }

    #[test]
    fn a_filter_is_of_small_and_large_letters_alike() {
        assert!(Fit("error".into()).has("An ERROR"));
        assert!(Fit(String::new()).has("anything"));
        assert!(!Fit("error".into()).has("fine"));
    }
}
