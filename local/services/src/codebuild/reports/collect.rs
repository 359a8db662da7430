//! Makes a build's reports, as its role: <https://docs.aws.amazon.com/codebuild/latest/userguide/test-permissions.html>.

use super::junit;
use super::kept::{Kept, group_arn};
use super::rows::{Case, Group, Report, Status};
use crate::codebuild::artifacts::{found, is_yes};
use crate::codebuild::buildspec::Reports;
use jiff::Timestamp;
use platform::journal::{FailedTest, Happening};
use platform::{Platform, Principal, Requirement};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The build whose reports are made.
pub(crate) struct Maker<'a> {
    pub(crate) platform: &'a Arc<Platform>,
    pub(crate) role: &'a Principal,
    pub(crate) project: &'a str,
    pub(crate) build_arn: &'a str,
    pub(crate) source: &'a Path,
}

impl Maker<'_> {
    /// Makes all reports that a build specification names, whatever becomes of one of them: their ARNs, and why the first
    /// one is incomplete.
    pub(crate) fn make(&self, kept: &Kept, declared: &BTreeMap<String, Reports>) -> (Vec<String>, Result<(), String>) {
        let mut arns = Vec::new();
        let mut result = Ok(());
        for (name, reports) in declared {
            let made = match self.begin(kept, name) {
                Ok(mut report) => {
                    arns.push(report.arn.clone());
                    let made = self.fill(kept, &mut report, reports);
                    if made.is_err() {
                        report.status = Status::Incomplete;
                    }
                    self.tell(&report);
                    kept.put_report(report);
                    made
                }
                Err(why) => Err(why),
            };
            result = result.and(made);
        }
        (arns, result)
    }

    fn may(&self, action: &str, group: &str) -> Result<(), String> {
        let requirement = Requirement::new(format!("codebuild:{action}"), group);
        let allowed = self.platform.authorize(self.role, &[requirement]);
        allowed.map_err(|error| error.to_string())
    }

    /// An empty report, in a group that is made if it is not there.
    fn begin(&self, kept: &Kept, name: &str) -> Result<Report, String> {
        let account = &self.platform.account;
        let is_arn = name.starts_with("arn:");
        let arn = if is_arn {
            name.to_owned()
        } else {
            group_arn(self.platform, &format!("{}-{name}", self.project))
        };
        let group = match kept.group(&arn) {
            Some(group) => group,
            None if is_arn => return Err(format!("there is no report group {arn}")),
            None => {
                self.may("CreateReportGroup", &arn)?;
                let group = Group {
                    name: format!("{}-{name}", self.project),
                    arn: arn.clone(),
                    created: Timestamp::now(),
                    tags: Vec::new(),
                };
                kept.put_group(group.clone());
                group
            }
        };
        self.may("CreateReport", &arn)?;
        let id = uuid::Uuid::new_v4();
        let report = account.arn("codebuild", format_args!("report/{}:{id}", group.name));
        let report = Report::new(report, group, self.build_arn);
        kept.put_report(report.clone());
        Ok(report)
    }

    fn fill(&self, kept: &Kept, report: &mut Report, reports: &Reports) -> Result<(), String> {
        let cases = self.cases(reports)?;
        self.may("BatchPutTestCases", &report.group.arn)?;
        report.complete(cases);
        kept.put_report(report.clone());
        self.may("UpdateReport", &report.group.arn)
    }

    /// The test cases in the files.
    fn cases(&self, reports: &Reports) -> Result<Vec<Case>, String> {
        let base = self.source.join(reports.base_directory.as_deref().unwrap_or("."));
        let files = match found(&base, &reports.files) {
            Ok(files) => files,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error.to_string()),
        };
        if files.is_empty() {
            return Err(format!("no matching report files found for {:?}", reports.files));
        }
        let mut cases = Vec::new();
        for file in files {
            let shown = match file.file_name() {
                Some(name) if is_yes(&reports.discard_paths) => Path::new(name).display(),
                _ => file.display(),
            };
            let text = std::fs::read_to_string(base.join(&file)).map_err(|error| error.to_string());
            let read = text.and_then(|text| junit::read(&text));
            let read = read.map_err(|error| format!("the report file {}: {error}", file.display()))?;
            cases.extend(read.into_iter().map(|case| Case {
                file: shown.to_string(),
                ..case
            }));
        }
        Ok(cases)
    }

    fn tell(&self, report: &Report) {
        let (passed, failed, skipped) = report.tally();
        let bad = report.cases.iter().filter(|case| case.is_bad());
        self.platform.journal.record(Happening::Report {
            report_group: report.group.name.clone(),
            report: report.arn.clone(),
            status: report.status.name().to_owned(),
            passed,
            failed,
            skipped,
            failures: bad
                .map(|case| FailedTest {
                    test: case.full_name(),
                    message: case.message.clone(),
                })
                .collect(),
        });
    }
}
