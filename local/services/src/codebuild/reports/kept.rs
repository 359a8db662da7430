//! The report groups and reports that there are, and the operations on them.

use super::rows::{Group, Report};
use platform::input::{self, Target};
use platform::store::{Rows, Store, StoreError};
use platform::{Call, Platform, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

/// Report groups and reports, each by its ARN.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    groups: Rows<Group>,
    reports: Rows<Report>,
}

fn invalid(message: impl std::fmt::Display) -> ServiceError {
    ServiceError::new("InvalidInputException", message)
}

/// The input of CreateReportGroup.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateReportGroup {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    export_config: ExportConfig,
    #[serde(default)]
    pub(crate) tags: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExportConfig {
    export_config_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Groups {
    pub(crate) report_group_arns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Reports {
    pub(crate) report_arns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeleteReportGroup {
    pub(crate) arn: String,
    #[serde(default)]
    delete_reports: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteReport {
    pub(crate) arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListReportGroups {
    sort_order: Option<String>,
    sort_by: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

/// The report group of ListReportsForReportGroup.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfGroup {
    pub(crate) report_group_arn: String,
}

impl Target for OfGroup {
    const MEMBERS: &'static [&'static str] = &["reportGroupArn"];
}

/// The input of ListReports, and beside its group that of ListReportsForReportGroup.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListReports {
    sort_order: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
    #[serde(default)]
    filter: Filter,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeTestCases {
    pub(crate) report_arn: String,
    next_token: Option<String>,
    max_results: Option<usize>,
    #[serde(default)]
    filter: Filter,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    status: Option<String>,
    keyword: Option<String>,
}

/// The ARN of a report group, by its name.
pub(crate) fn group_arn(platform: &Platform, name: &str) -> String {
    platform.account.arn("codebuild", format_args!("report-group/{name}"))
}

/// The ARN of a report's group. Permissions for reports are those for their groups.
pub(crate) fn group_of(report: &str) -> String {
    let named = report.replacen(":report/", ":report-group/", 1);
    match named.rsplit_once(':') {
        Some((group, _)) if named != report => group.to_owned(),
        _ => named,
    }
}

impl CreateReportGroup {
    pub(crate) fn arn(&self, platform: &Platform) -> String {
        group_arn(platform, &self.name)
    }
}

impl Kept {
    /// What this store keeps of them.
    pub(crate) fn open(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            groups: Rows::open(store, "codebuild/report-groups")?,
            reports: Rows::open(store, "codebuild/reports")?,
        })
    }

    pub(super) fn group(&self, arn: &str) -> Option<Group> {
        self.groups.lock().get(arn).cloned()
    }

    pub(super) fn put_group(&self, group: Group) {
        self.groups.lock().insert(group.arn.clone(), group);
    }

    pub(super) fn put_report(&self, report: Report) {
        self.reports.lock().insert(report.arn.clone(), report);
    }

    pub(crate) fn create_group(&self, call: &Call, input: CreateReportGroup) -> Result<Value, ServiceError> {
        let absent = |what: &str| {
            let message = format_args!("the local run has no report groups of {what}");
            Err(ServiceError::new("NotInLocalRun", message).with_status(501))
        };
        match (input.kind.as_str(), input.export_config.export_config_type.as_deref()) {
            ("TEST", None | Some("NO_EXPORT")) => {}
            ("TEST", Some("S3")) => return absent("raw results in S3"),
            ("CODE_COVERAGE", _) => return absent("the type CODE_COVERAGE"),
            (kind, export) => {
                return Err(invalid(format_args!(
                    "Invalid report group: type {kind}, exportConfigType {}",
                    export.unwrap_or("(none)")
                )));
            }
        }
        if !(2..=128).contains(&input.name.chars().count()) {
            return Err(invalid("Invalid report group name: must have 2 to 128 characters"));
        }
        let arn = input.arn(&call.platform);
        let mut groups = self.groups.lock();
        if groups.contains_key(&arn) {
            let message = format_args!("Report group already exists: {arn}");
            return Err(ServiceError::new("ResourceAlreadyExistsException", message));
        }
        let group = Group {
            arn: arn.clone(),
            name: input.name,
            created: jiff::Timestamp::now(),
            tags: input.tags,
        };
        let shown = group.json();
        groups.insert(arn, group);
        Ok(json!({"reportGroup": shown}))
    }

    pub(crate) fn batch_get_groups(&self, input: Groups) -> Result<Value, ServiceError> {
        let groups = self.groups.lock();
        let (found, missing) = sorted_out(input.report_group_arns, |arn| groups.get(arn).map(Group::json))?;
        Ok(json!({"reportGroups": found, "reportGroupsNotFound": missing}))
    }

    pub(crate) fn batch_get_reports(&self, input: Reports) -> Result<Value, ServiceError> {
        let reports = self.reports.lock();
        let (found, missing) = sorted_out(input.report_arns, |arn| reports.get(arn).map(Report::json))?;
        Ok(json!({"reports": found, "reportsNotFound": missing}))
    }

    pub(crate) fn delete_group(&self, input: &DeleteReportGroup) -> Result<Value, ServiceError> {
        let mut groups = self.groups.lock();
        if !groups.contains_key(&input.arn) {
            return Err(invalid(format_args!("Report group cannot be found: {}", input.arn)));
        }
        let mut reports = self.reports.lock();
        let is_of_group = |report: &Report| report.group.arn == input.arn;
        if !input.delete_reports && reports.values().any(is_of_group) {
            return Err(invalid(format_args!(
                "Report group {} still has reports: delete them, or give deleteReports",
                input.arn
            )));
        }
        reports.retain(|_, report| !is_of_group(report));
        groups.remove(&input.arn);
        Ok(json!({}))
    }

    pub(crate) fn delete_report(&self, input: &DeleteReport) -> Result<Value, ServiceError> {
        match self.reports.lock().remove(&input.arn) {
            Some(_) => Ok(json!({})),
            None => Err(invalid(format_args!("Report cannot be found: {}", input.arn))),
        }
    }

    pub(crate) fn list_groups(&self, input: &ListReportGroups) -> Result<Value, ServiceError> {
        let mut groups: Vec<Group> = self.groups.lock().values().cloned().collect();
        match input.sort_by.as_deref() {
            // By name they are already.
            None | Some("NAME") => {}
            Some("CREATED_TIME" | "LAST_MODIFIED_TIME") => groups.sort_by_key(|group| group.created),
            Some(other) => return Err(invalid(format_args!("Invalid sortBy: {other}"))),
        }
        if is_descending(input.sort_order.as_deref(), false)? {
            groups.reverse();
        }
        let arns = groups.into_iter().map(|group| group.arn);
        paged(arns, input.max_results, input.next_token.as_deref(), "reportGroups")
    }

    /// All reports, or those of a group.
    pub(crate) fn list_reports(&self, group: Option<&OfGroup>, input: &ListReports) -> Result<Value, ServiceError> {
        let group = group.map(|group| &group.report_group_arn);
        if input.filter.keyword.is_some() {
            return Err(invalid("Invalid filter: reports have no keyword"));
        }
        if let Some(group) = group
            && !self.groups.lock().contains_key(group)
        {
            return Err(missing("Report group", group));
        }
        let is_meant = |report: &&Report| {
            let status = input.filter.status.as_ref();
            group.is_none_or(|group| report.group.arn == *group)
                && status.is_none_or(|status| report.status.name() == status)
        };
        let mut reports: Vec<Report> = self.reports.lock().values().filter(is_meant).cloned().collect();
        reports.sort_by_key(|report| report.created);
        if is_descending(input.sort_order.as_deref(), true)? {
            reports.reverse();
        }
        let arns = reports.into_iter().map(|report| report.arn);
        paged(arns, input.max_results, input.next_token.as_deref(), "reports")
    }

    pub(crate) fn describe_test_cases(&self, input: &DescribeTestCases) -> Result<Value, ServiceError> {
        let reports = self.reports.lock();
        let report = reports.get(&input.report_arn);
        let report = report.ok_or_else(|| missing("Report", &input.report_arn))?;
        let Filter { status, keyword } = &input.filter;
        let cases = report.cases.iter().filter(|case| {
            status.as_ref().is_none_or(|status| case.outcome.name() == status)
                && keyword
                    .as_ref()
                    .is_none_or(|word| case.name.contains(word.as_str()) || case.prefix.contains(word.as_str()))
        });
        let cases = cases.map(|case| case.json(report));
        paged(cases, input.max_results, input.next_token.as_deref(), "testCases")
    }
}

fn missing(what: &str, arn: &str) -> ServiceError {
    ServiceError::new(
        "ResourceNotFoundException",
        format_args!("{what} cannot be found: {arn}"),
    )
}

/// What is there of these ARNs, and the ARNs of what is not.
fn sorted_out(
    arns: Vec<String>,
    show: impl Fn(&str) -> Option<Value>,
) -> Result<(Vec<Value>, Vec<String>), ServiceError> {
    if !(1..=100).contains(&arns.len()) {
        return Err(invalid(format_args!(
            "Invalid number of ARNs: {}, must be 1 to 100",
            arns.len()
        )));
    }
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for arn in arns {
        match show(&arn) {
            Some(shown) => found.push(shown),
            None => missing.push(arn),
        }
    }
    Ok((found, missing))
}

fn is_descending(order: Option<&str>, usual: bool) -> Result<bool, ServiceError> {
    match order {
        None => Ok(usual),
        Some("ASCENDING") => Ok(false),
        Some("DESCENDING") => Ok(true),
        Some(other) => Err(invalid(format_args!("Invalid sortOrder: {other}"))),
    }
}

fn paged<T: Into<Value>>(
    items: impl IntoIterator<Item = T>,
    size: Option<usize>,
    token: Option<&str>,
    list: &str,
) -> Result<Value, ServiceError> {
    let size = size.unwrap_or(100);
    if !(1..=100).contains(&size) {
        return Err(invalid("Invalid maxResults: must be between 1 and 100"));
    }
    let page = input::page(items, size, token, "InvalidInputException")?;
    Ok(page.answer(list, "nextToken", Into::into))
}
