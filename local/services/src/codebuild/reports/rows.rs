//! Report groups, reports and test cases, as they are kept and as they are shown.

use jiff::{SignedDuration, Timestamp};
use platform::input::seconds;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// So long is a report kept on AWS.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// So many test cases of a report are kept, the failed ones first.
const MOST_CASES: usize = 500;

/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ReportGroup.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) created: Timestamp,
    pub(super) tags: Vec<Value>,
}

impl Group {
    pub(super) fn json(&self) -> Value {
        json!({
            "arn": self.arn,
            "name": self.name,
            "type": "TEST",
            "exportConfig": {"exportConfigType": "NO_EXPORT"},
            "created": seconds(self.created),
            "lastModified": seconds(self.created),
            "tags": self.tags,
            "status": "ACTIVE",
        })
    }
}

/// How a test case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Outcome {
    Failed,
    Error,
    Skipped,
    Succeeded,
}

impl Outcome {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Failed => "FAILED",
            Self::Error => "ERROR",
            Self::Skipped => "SKIPPED",
            Self::Succeeded => "SUCCEEDED",
        }
    }
}

/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_TestCase.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Case {
    pub(super) suite: String,
    /// What the name is unique in, such as a class or a module.
    pub(super) prefix: String,
    pub(super) name: String,
    pub(super) outcome: Outcome,
    pub(super) nanoseconds: u64,
    pub(super) message: String,
    /// The file that it was read from.
    pub(super) file: String,
}

impl Case {
    pub(super) fn is_bad(&self) -> bool {
        matches!(self.outcome, Outcome::Failed | Outcome::Error)
    }

    /// The prefix and the name.
    pub(super) fn full_name(&self) -> String {
        match self.prefix.as_str() {
            "" => self.name.clone(),
            prefix => format!("{prefix}.{}", self.name),
        }
    }

    pub(super) fn json(&self, report: &Report) -> Value {
        json!({
            "reportArn": report.arn,
            "testRawDataPath": self.file,
            "prefix": self.prefix,
            "name": self.name,
            "status": self.outcome.name(),
            "durationInNanoSeconds": self.nanoseconds,
            "message": self.message,
            "expired": seconds(report.created + KEPT),
            "testSuiteName": self.suite,
        })
    }
}

/// How far a report is: <https://docs.aws.amazon.com/codebuild/latest/userguide/test-report.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Generating,
    Succeeded,
    Failed,
    /// Its files are missing or cannot be read, or the build's role may not make it.
    Incomplete,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Generating => "GENERATING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Incomplete => "INCOMPLETE",
        }
    }
}

/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Report.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) arn: String,
    pub(super) group: Group,
    /// The build that made it.
    pub(super) build: String,
    pub(super) status: Status,
    pub(super) created: Timestamp,
    pub(super) cases: Vec<Case>,
    /// All of them, also those that are not kept.
    counts: Counts,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Counts {
    total: usize,
    failed: usize,
    error: usize,
    skipped: usize,
    nanoseconds: u64,
}

impl Report {
    /// A report that a build begins now.
    pub(super) fn new(arn: String, group: Group, build: &str) -> Self {
        Self {
            arn,
            group,
            build: build.to_owned(),
            status: Status::Generating,
            created: Timestamp::now(),
            cases: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Takes the test cases, and says how they went.
    pub(super) fn complete(&mut self, mut cases: Vec<Case>) {
        let of = |outcome: Outcome| cases.iter().filter(|case| case.outcome == outcome).count();
        self.counts = Counts {
            total: cases.len(),
            failed: of(Outcome::Failed),
            error: of(Outcome::Error),
            skipped: of(Outcome::Skipped),
            nanoseconds: cases.iter().map(|case| case.nanoseconds).sum(),
        };
        let is_bad = self.counts.failed + self.counts.error > 0;
        self.status = if is_bad { Status::Failed } else { Status::Succeeded };
        if cases.len() > MOST_CASES {
            cases.sort_by_key(|case| case.outcome);
            cases.truncate(MOST_CASES);
        }
        self.cases = cases;
    }

    /// How many test cases passed, failed (by an error, too) and were skipped.
    pub(super) fn tally(&self) -> (usize, usize, usize) {
        let Counts {
            total,
            failed,
            error,
            skipped,
            ..
        } = self.counts;
        (total - failed - error - skipped, failed + error, skipped)
    }

    pub(super) fn json(&self) -> Value {
        let Counts {
            total,
            failed,
            error,
            skipped,
            nanoseconds,
        } = self.counts;
        let (passed, ..) = self.tally();
        json!({
            "arn": self.arn,
            "type": "TEST",
            "name": self.group.name,
            "reportGroupArn": self.group.arn,
            "executionId": self.build,
            "status": self.status.name(),
            "created": seconds(self.created),
            "expired": seconds(self.created + KEPT),
            "exportConfig": {"exportConfigType": "NO_EXPORT"},
            "truncated": total > self.cases.len(),
            "testSummary": {
                "total": total,
                "statusCounts": {
                    "SUCCEEDED": passed, "FAILED": failed, "ERROR": error, "SKIPPED": skipped, "UNKNOWN": 0,
                },
                "durationInNanoSeconds": nanoseconds,
            },
        })
    }
}
