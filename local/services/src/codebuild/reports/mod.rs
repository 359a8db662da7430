//! Test reports: <https://docs.aws.amazon.com/codebuild/latest/userguide/test-reporting.html>.

mod collect;
mod junit;
mod kept;
mod rows;

pub(super) use collect::Maker;
pub(super) use kept::{
    CreateReportGroup, DeleteReport, DeleteReportGroup, DescribeTestCases, Groups, Kept, ListReportGroups, ListReports,
    OfGroup, Reports, group_of,
};
