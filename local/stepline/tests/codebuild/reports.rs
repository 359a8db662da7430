//! Test reports: what builds make of the results of their tests, and who may do and read that.

use crate::world::{World, everything};
use platform::journal::Happening;
use platform::principal::Principal;
use serde_json::{Value, json};

const RESULTS: &str = r#"<testsuites><testsuite name="pytest">
<testcase classname="tests.test_a" name="test_one" time="0.5"/>
<testcase classname="tests.test_a" name="test_two" time="0.25"><failure message="AssertionError: 1 != 2"/></testcase>
<testcase classname="tests.test_b" name="test_three"><skipped message="not here"/></testcase>
</testsuite></testsuites>"#;

/// A build whose tests fail after they have written their results.
const FAILING: &str = "
version: 0.2
phases: {build: {commands: ['python3 -c \"exit(1)\"']}}
reports:
  pytest: {files: ['*.xml'], base-directory: out, file-format: JUNITXML}
";

fn named(changes: &[(&str, Value)]) -> Value {
    let mut project = json!({"name": "tested"});
    for (field, value) in changes {
        project[field] = value.clone();
    }
    project
}

/// The contexts of the phase UPLOAD_ARTIFACTS.
fn upload(build: &Value) -> (Value, String) {
    let mut phases = build["phases"].as_array().unwrap().iter();
    let phase = phases.find(|phase| phase["phaseType"] == "UPLOAD_ARTIFACTS").unwrap();
    let message = phase["contexts"][0]["message"].as_str().unwrap_or_default();
    (phase["phaseStatus"].clone(), message.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_results_of_tests_are_kept_also_of_a_build_that_they_fail() {
    let world = World::new(&everything()).await;
    let files = [("buildspec.yml", FAILING), ("out/results.xml", RESULTS)];
    let build = world.build(&files, named(&[])).await;
    assert_eq!(build["buildStatus"], "FAILED");
    assert_eq!(upload(&build), (json!("SUCCEEDED"), String::new()));

    let group = "arn:aws:codebuild:us-east-1:123456789012:report-group/tested-pytest";
    let report = build["reportArns"][0].as_str().unwrap().to_owned();
    let call = |operation, input| world.call("codebuild", operation, input);
    let groups = call("ListReportGroups", json!({})).await;
    assert_eq!(groups, json!({"reportGroups": [group]}));
    let described = call("BatchGetReportGroups", json!({"reportGroupArns": [group, "arn:none"]})).await;
    assert_eq!(described["reportGroups"][0]["name"], "tested-pytest");
    assert_eq!(described["reportGroups"][0]["type"], "TEST");
    assert_eq!(described["reportGroupsNotFound"], json!(["arn:none"]));
    for (operation, input) in [
        ("ListReports", json!({})),
        ("ListReports", json!({"filter": {"status": "FAILED"}})),
        ("ListReportsForReportGroup", json!({"reportGroupArn": group})),
    ] {
        assert_eq!(
            call(operation, input).await,
            json!({"reports": [report]}),
            "{operation}"
        );
    }
    let reports = call("BatchGetReports", json!({"reportArns": [report]})).await;
    let told = &reports["reports"][0];
    assert_eq!(told["status"], "FAILED");
    assert_eq!(told["executionId"], build["arn"]);
    assert_eq!(told["reportGroupArn"], group);
    assert_eq!(
        told["testSummary"],
        json!({
            "total": 3, "durationInNanoSeconds": 750_000_000,
            "statusCounts": {"SUCCEEDED": 1, "FAILED": 1, "ERROR": 0, "SKIPPED": 1, "UNKNOWN": 0},
        })
    );
    let cases = json!({"reportArn": report, "filter": {"status": "FAILED", "keyword": "two"}});
    let cases = call("DescribeTestCases", cases).await;
    let [case] = cases["testCases"].as_array().unwrap().as_slice() else {
        panic!("{cases}")
    };
    for (field, expected) in [
        ("prefix", "tests.test_a"),
        ("name", "test_two"),
        ("message", "AssertionError: 1 != 2"),
        ("testRawDataPath", "results.xml"),
        ("testSuiteName", "pytest"),
        ("reportArn", &report),
    ] {
        assert_eq!(case[field], expected, "{field}");
    }

    // The same group gets a report of each build.
    world.call("codebuild", "DeleteReport", json!({"arn": report})).await;
    let refused = world.refused("DeleteReport", json!({"arn": report})).await;
    assert_eq!(refused.code, "InvalidInputException");
    world.again("tested").await;
    world.again("tested").await;
    let page = call(
        "ListReportsForReportGroup",
        json!({"reportGroupArn": group, "maxResults": 1}),
    )
    .await;
    let rest = json!({"reportGroupArn": group, "nextToken": page["nextToken"]});
    let rest = call("ListReportsForReportGroup", rest).await;
    assert_eq!(rest["reports"].as_array().map(Vec::len), Some(1));
    let refused = world.refused("DeleteReportGroup", json!({"arn": group})).await;
    assert!(refused.message.contains("still has reports"), "{refused}");
    call("DeleteReportGroup", json!({"arn": group, "deleteReports": true})).await;
    assert_eq!(call("ListReports", json!({})).await, json!({"reports": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_cannot_be_made_fails_the_build_and_is_incomplete() {
    let passing = FAILING.replace("exit(1)", "exit(0)");
    for (results, part) in [
        (
            ("elsewhere.xml", RESULTS),
            "no matching report files found for [\"*.xml\"]",
        ),
        (
            ("out/results.xml", "<html/>"),
            "the report file results.xml: it is no whole JUnit XML",
        ),
    ] {
        let world = World::new(&everything()).await;
        let build = world.build(&[("buildspec.yml", &passing), results], named(&[])).await;
        assert_eq!(build["buildStatus"], "FAILED");
        let (status, message) = upload(&build);
        assert_eq!(status, "FAILED");
        assert!(message.contains(part), "{message}");
        let reports = json!({"reportArns": build["reportArns"]});
        let reports = world.call("codebuild", "BatchGetReports", reports).await;
        assert_eq!(reports["reports"][0]["status"], "INCOMPLETE");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_made_as_the_builds_role() {
    for action in ["BatchPutTestCases", "CreateReport", "CreateReportGroup", "UpdateReport"] {
        let world = World::new(&json!([
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": format!("codebuild:{action}"),
             "Resource": "arn:aws:codebuild:us-east-1:123456789012:report-group/tested-pytest"},
        ]))
        .await;
        let files = [("buildspec.yml", FAILING), ("out/results.xml", RESULTS)];
        let build = world.build(&files, named(&[])).await;
        let (status, message) = upload(&build);
        assert_eq!(status, "FAILED", "{action}");
        let part = format!("is not authorized to perform: codebuild:{action}");
        assert!(message.contains(&part), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_named_by_its_arn_must_be_there() {
    let world = World::new(&everything()).await;
    let arn = "arn:aws:codebuild:us-east-1:123456789012:report-group/shared";
    let spec = FAILING.replace("pytest:", &format!("'{arn}':"));
    let files = [("buildspec.yml", spec.as_str()), ("out/results.xml", RESULTS)];
    let build = world.build(&files, named(&[])).await;
    assert!(upload(&build).1.contains("there is no report group"), "{build}");
    let group = json!({"name": "shared", "type": "TEST", "exportConfig": {"exportConfigType": "NO_EXPORT"}});
    let made = world.call("codebuild", "CreateReportGroup", group.clone()).await;
    assert_eq!(made["reportGroup"]["arn"], arn);
    let refused = world.refused("CreateReportGroup", group).await;
    assert_eq!(refused.code, "ResourceAlreadyExistsException");
    let build = world.again("tested").await;
    assert!(
        build["reportArns"][0].as_str().unwrap().contains(":report/shared:"),
        "{build}"
    );
    let told = world.cloud.journal.entries().into_iter().any(
        |entry| matches!(entry.happening, Happening::Report { report_group, failed: 1, .. } if report_group == "shared"),
    );
    assert!(told);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_on_failure_of_abort_leaves_reports_out() {
    let world = World::new(&everything()).await;
    let spec = FAILING.replace("{build: {", "{build: {on-failure: ABORT, ");
    let files = [("buildspec.yml", spec.as_str()), ("out/results.xml", RESULTS)];
    let build = world.build(&files, named(&[])).await;
    assert_eq!(build["buildStatus"], "FAILED");
    assert_eq!(build["reportArns"], json!([]));
}

#[tokio::test]
async fn what_reports_do_not_have_is_refused_by_name_and_reading_needs_permission() {
    let world = World::new(&json!([{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}])).await;
    let group = |member: &str, value: Value| {
        let mut input = json!({"name": "group", "type": "TEST", "exportConfig": {"exportConfigType": "NO_EXPORT"}});
        input[member] = value;
        input
    };
    let none = "arn:aws:codebuild:us-east-1:123456789012:report/none:1";
    for (operation, input, code) in [
        (
            "CreateReportGroup",
            group("type", json!("CODE_COVERAGE")),
            "NotInLocalRun",
        ),
        (
            "CreateReportGroup",
            group("type", json!("COLOUR")),
            "InvalidInputException",
        ),
        (
            "CreateReportGroup",
            group("exportConfig", json!({"exportConfigType": "S3"})),
            "NotInLocalRun",
        ),
        (
            "CreateReportGroup",
            group("exportConfig", json!({"s3Destination": {}})),
            "NotInLocalRun",
        ),
        ("CreateReportGroup", group("name", json!("g")), "InvalidInputException"),
        (
            "DescribeTestCases",
            json!({"reportArn": none}),
            "ResourceNotFoundException",
        ),
        (
            "ListReportsForReportGroup",
            json!({"reportGroupArn": none}),
            "ResourceNotFoundException",
        ),
        ("ListReports", json!({"reportGroupArn": none}), "NotInLocalRun"),
        ("ListReports", json!({"sortOrder": "UP"}), "InvalidInputException"),
        ("ListReportGroups", json!({"sortBy": "SIZE"}), "InvalidInputException"),
        ("ListReportGroups", json!({"maxResults": 0}), "InvalidInputException"),
        ("BatchGetReports", json!({"reportArns": []}), "InvalidInputException"),
        ("DeleteReportGroup", json!({"arn": none}), "InvalidInputException"),
    ] {
        let refused = world.refused(operation, input.clone()).await;
        assert_eq!(refused.code, code, "{operation} {input}: {refused}");
    }
    let role = Principal::role_session("build", "somebody");
    for (operation, input) in [
        ("BatchGetReports", json!({"reportArns": [none]})),
        ("DescribeTestCases", json!({"reportArn": none})),
        ("ListReports", json!({})),
    ] {
        let error = world
            .cloud
            .call(&role, "codebuild", operation, input)
            .await
            .unwrap_err();
        assert!(error.message.contains(&format!("codebuild:{operation}")), "{error}");
        let is_on_group = error.message.contains(":report-group/none");
        assert_eq!(is_on_group, operation != "ListReports", "{error}");
    }
}
