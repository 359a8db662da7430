//! The gate before the job: what it lets through, what it stops, in which words, and after how long.
//!
//! The definition runs in simulated time, with its job taken out, against answers in the words of ECR's
//! [DescribeImageScanFindings](https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html).

use super::planned::planned;
use serde_json::{Value, json};
use states_language::{
    Clock, Execution, Failure, Json, StartOptions, StateMachine, TaskRequest, VirtualClock, run_to_end,
};

const DIGEST: &str = "sha256:b96c2594";

/// What ECR answers to one look: the answer, or an error's name and cause.
type Answer = Result<Value, (&'static str, &'static str)>;

/// How the gate was passed, or not.
#[derive(Debug)]
struct Passage {
    /// `Ok` where the job would have begun; else the error's name and its cause.
    outcome: Result<(), (String, String)>,
    /// What was asked of ECR, look by look.
    asked: Vec<Value>,
    /// How long it took, in seconds.
    took: i64,
}

/// Goes through the gate with these settings; the last answer is given for ever.
fn pass(level: &str, allowed: &Value, answers: &[Answer]) -> Passage {
    let mut definition = planned("dev").definition();
    definition["States"]["SageMaker-Hello-World"] = json!({"Type": "Succeed"});
    // What only the job's own errors lead to.
    let states = definition["States"].as_object_mut().expect("states");
    states.retain(|name, _| !["WillSageMakerTakeItLater", "WaitForSageMaker"].contains(&name.as_str()));
    let machine = StateMachine::parse(&definition.to_string()).unwrap_or_else(|error| panic!("{error}"));
    let input = json!({
        "image": {"uri": format!("123456789012.dkr.ecr.us-east-1.amazonaws.com/ml-pipeline-dev@{DIGEST}")},
    });
    let resolved = json!({"Payload": {
        "pythonEnv": "test", "instanceType": "ml.t3.medium", "volumeSize": 10, "scanLevel": level, "scanAllowed": allowed,
    }});
    let as_json =
        |value: &Value| Json::parse(&value.to_string()).map_err(|error| Failure::new("Test", error.to_string()));
    // 2026-01-01.
    let mut clock = VirtualClock::default();
    let begun = clock.now();
    let mut execution = Execution::start(&machine, StartOptions::default(), &input.to_string(), begun)
        .unwrap_or_else(|error| panic!("{error}"));
    let mut asked = Vec::new();
    let mut answer = |task: &TaskRequest| {
        if &*task.state == "ResolveParameters" {
            return as_json(&resolved);
        }
        let answer = &answers[asked.len().min(answers.len() - 1)];
        asked.push(Value::from(&task.parameters));
        match answer {
            Ok(answer) => as_json(answer),
            Err((error, cause)) => Err(Failure::new(*error, *cause)),
        }
    };
    run_to_end(&mut execution, &mut answer, &mut clock);
    let text = |text: Option<std::sync::Arc<str>>| text.map(|text| text.to_string()).unwrap_or_default();
    let failure = execution.failure().cloned();
    Passage {
        outcome: failure.map_or(Ok(()), |failure| Err((text(failure.error), text(failure.cause)))),
        asked,
        took: clock.now().duration_since(begun).as_secs(),
    }
}

fn status(status: &str) -> Value {
    json!({"ImageScanStatus": {"Status": status, "Description": "why"}})
}

/// A finding of basic scanning.
fn basic(name: &str, severity: &str, package: &str) -> Value {
    json!({"Name": name, "Severity": severity, "Uri": "https://…", "Attributes": [
        {"Key": "package_version", "Value": "3.0.1"}, {"Key": "package_name", "Value": package},
        {"Key": "CVSS2_SCORE", "Value": "7.5"},
    ]})
}

/// A finding of enhanced scanning, by Amazon Inspector.
fn enhanced(name: &str, severity: &str, status: &str) -> Value {
    json!({"Severity": severity, "Status": status, "Title": format!("{name} - openssl"), "Type": "PACKAGE_VULNERABILITY",
        "PackageVulnerabilityDetails": {"VulnerabilityId": name, "VulnerablePackages": [
            {"Name": "openssl", "Version": "3.0.1"}, {"Name": "libssl3", "Version": "3.0.1"}]}})
}

fn page(status: &str, findings: Vec<Value>, next: Option<&str>) -> Answer {
    let kind = match findings.first() {
        Some(finding) if finding["Title"].is_string() => "EnhancedFindings",
        _ => "Findings",
    };
    let mut page = json!({"ImageScanStatus": {"Status": status}, "ImageScanFindings": {
        kind: findings, "ImageScanCompletedAt": "2025-12-31T23:59:59Z",
    }});
    if let Some(token) = next {
        page["NextToken"] = token.into();
    }
    Ok(page)
}

fn allow(name: &str, until: &str) -> Value {
    json!({"name": name, "reason": "we never parse certificates of strangers", "until": until})
}

#[track_caller]
fn stops(passage: &Passage, error: &str, parts: &[&str]) {
    let (name, cause) = passage.outcome.as_ref().expect_err("the gate stops it");
    assert_eq!(name, error, "{cause}");
    for part in parts {
        assert!(cause.contains(part), "{part} is not in: {cause}");
    }
}

#[test]
fn what_is_below_the_level_or_allowed_passes() {
    let high = || page("COMPLETE", vec![basic("CVE-2026-1", "HIGH", "zlib")], None);
    let nothing = || page("COMPLETE", Vec::new(), None);
    // An image without findings has no list of them, in either kind.
    let bare = || {
        let findings = json!({"FindingSeverityCounts": {}, "ImageScanCompletedAt": "2025-12-31T23:59:59Z"});
        Ok(json!({"ImageScanStatus": {"Status": "ACTIVE"}, "ImageScanFindings": findings}))
    };
    let suppressed = || page("ACTIVE", vec![enhanced("CVE-2026-1", "CRITICAL", "SUPPRESSED")], None);
    let unrated = || page("COMPLETE", vec![basic("CVE-2026-1", "UNDEFINED", "zlib")], None);
    for (level, allowed, answer) in [
        ("CRITICAL", json!([]), nothing()),
        ("INFORMATIONAL", json!([]), bare()),
        ("CRITICAL", json!([]), high()),
        ("LOW", json!([]), unrated()),
        ("HIGH", json!([]), suppressed()),
        ("HIGH", json!([allow("CVE-2026-1", "2026-12-31")]), high()),
        // Its last day counts.
        ("HIGH", json!([allow("CVE-2026-1", "2026-01-01")]), high()),
    ] {
        let passage = pass(level, &allowed, &[answer]);
        assert_eq!(passage.outcome, Ok(()), "{level} {allowed}");
        assert_eq!((passage.asked.len(), passage.took), (1, 0));
    }
    let passage = pass("CRITICAL", &json!([]), &[nothing()]);
    let expected = json!({
        "RegistryId": "123456789012", "RepositoryName": "ml-pipeline-dev", "ImageId": {"ImageDigest": DIGEST},
        "MaxResults": 20,
    });
    assert_eq!(passage.asked, [expected], "exactly the image that is to run");
}

#[test]
fn off_asks_nothing() {
    let passage = pass("OFF", &json!([]), &[Ok(status("FAILED"))]);
    assert_eq!((passage.outcome, passage.asked.len()), (Ok(()), 0));
}

#[test]
fn what_is_at_the_level_or_above_stops_with_its_findings() {
    let findings = vec![
        basic("CVE-2026-1", "HIGH", "zlib"),
        basic("CVE-2026-2", "MEDIUM", "bash"),
        basic("CVE-2026-3", "CRITICAL", "openssl"),
    ];
    let passage = pass("HIGH", &json!([]), &[page("COMPLETE", findings, None)]);
    stops(
        &passage,
        "ImageNotAccepted",
        &[
            "2 findings at HIGH or above: CVE-2026-1 (zlib 3.0.1, HIGH), CVE-2026-3 (openssl 3.0.1, CRITICAL). ",
            "in /ml/dev/scan-allowed",
            "ml-pipeline-dev@sha256:b96c2594",
        ],
    );
    let found = || enhanced("CVE-2026-1", "CRITICAL", "ACTIVE");
    let passage = pass("CRITICAL", &json!([]), &[page("ACTIVE", vec![found()], None)]);
    stops(
        &passage,
        "ImageNotAccepted",
        &["1 finding at CRITICAL or above: CVE-2026-1 (openssl 3.0.1, CRITICAL). "],
    );
    // A word that ECR learns later is not let through for being unknown.
    let passage = pass(
        "CRITICAL",
        &json!([]),
        &[page("COMPLETE", vec![basic("X-1", "EXTREME", "x")], None)],
    );
    stops(
        &passage,
        "ImageNotAccepted",
        &["1 finding at CRITICAL or above: X-1 (x 3.0.1, EXTREME)"],
    );
}

#[test]
fn what_was_allowed_once_stops_and_says_so() {
    let allowed = json!([allow("CVE-2026-1", "2025-06-30"), allow("CVE-2026-1", "2025-12-31")]);
    let found = page("COMPLETE", vec![basic("CVE-2026-1", "HIGH", "zlib")], None);
    let passage = pass("HIGH", &allowed, &[found]);
    stops(
        &passage,
        "ImageNotAccepted",
        &["CVE-2026-1 (zlib 3.0.1, HIGH, allowed until 2025-12-31)"],
    );
}

#[test]
fn every_page_is_read() {
    let of = |from: usize, severity: &str| -> Vec<Value> {
        let names = (from..from + 20).map(|number| format!("CVE-2026-{number}"));
        names.map(|name| basic(&name, severity, "p")).collect()
    };
    let pages = [
        page("COMPLETE", of(0, "LOW"), Some("one")),
        page("COMPLETE", of(20, "HIGH"), Some("two")),
        // A page may be empty and not the last one.
        page("COMPLETE", Vec::new(), Some("three")),
        page("COMPLETE", of(40, "CRITICAL"), None),
    ];
    let passage = pass("HIGH", &json!([allow("CVE-2026-20", "2027-01-01")]), &pages);
    stops(
        &passage,
        "ImageNotAccepted",
        &[
            "39 findings at HIGH or above: CVE-2026-21 (",
            "CVE-2026-30 (p 3.0.1, HIGH) and 29 more. ",
        ],
    );
    let tokens: Vec<&Value> = passage.asked.iter().map(|asked| &asked["NextToken"]).collect();
    assert_eq!(tokens, [&Value::Null, &json!("one"), &json!("two"), &json!("three")]);
    let last_alone = [
        pages[0].clone(),
        page("COMPLETE", vec![basic("CVE-9", "CRITICAL", "p")], None),
    ];
    stops(
        &pass("CRITICAL", &json!([]), &last_alone),
        "ImageNotAccepted",
        &["1 finding at CRITICAL or above: CVE-9 ("],
    );
}

#[test]
fn a_scan_is_waited_for_and_not_for_ever() {
    let done = || page("COMPLETE", Vec::new(), None);
    const NOT_FOUND: Answer = Err(("Ecr.ScanNotFoundException", "Image scan does not exist"));
    const BUSY: Answer = Err(("Ecr.EcrException", "Rate exceeded (Service: Ecr, Status Code: 400)"));
    let passage = pass(
        "HIGH",
        &json!([]),
        &[
            NOT_FOUND,
            Ok(status("IN_PROGRESS")),
            BUSY,
            Ok(status("PENDING")),
            done(),
        ],
    );
    assert_eq!((passage.outcome, passage.took), (Ok(()), 1 + 2 + 4 + 8));
    for (answer, least, most, part) in [
        (Ok(status("IN_PROGRESS")), 1_200, 1_300, "did not end in time"),
        (Ok(status("PENDING")), 1_200, 1_300, "did not end in time"),
        (
            NOT_FOUND,
            60,
            120,
            "aws ecr start-image-scan --repository-name ml-pipeline-dev --image-id imageDigest=sha256:b96c2594",
        ),
        (BUSY, 1_200, 1_300, "try again"),
    ] {
        let passage = pass("HIGH", &json!([]), &[answer]);
        stops(&passage, "ImageNotScanned", &["ml-pipeline-dev@sha256:b96c2594", part]);
        assert!((least..=most).contains(&passage.took), "{} s: {part}", passage.took);
    }
}

/// Amazon Inspector goes on scanning for as long as an image is there: `ACTIVE` says that it does, not that it is through
/// once.
#[test]
fn the_first_findings_of_a_scan_that_never_ends_are_waited_for() {
    let begun = || Ok(json!({"ImageScanStatus": {"Status": "ACTIVE"}, "ImageScanFindings": {"Findings": []}}));
    let found = || page("ACTIVE", vec![enhanced("CVE-1", "CRITICAL", "ACTIVE")], None);
    let passage = pass("HIGH", &json!([]), &[begun(), begun(), found()]);
    stops(&passage, "ImageNotAccepted", &["1 finding at HIGH or above: CVE-1 ("]);
    assert_eq!(passage.took, 1 + 2);
    // It may also be through without saying when.
    let passage = pass("HIGH", &json!([]), &[begun()]);
    assert_eq!(passage.outcome, Ok(()));
    assert!((60..=120).contains(&passage.took), "{} s", passage.took);
}

#[test]
fn a_busy_ecr_loses_no_page() {
    let pages = [
        page("COMPLETE", vec![basic("CVE-1", "HIGH", "p")], Some("one")),
        Err(("Ecr.EcrException", "Rate exceeded (Service: Ecr, Status Code: 400)")),
        page("COMPLETE", Vec::new(), None),
    ];
    let passage = pass("HIGH", &json!([]), &pages);
    stops(&passage, "ImageNotAccepted", &["1 finding at HIGH or above: CVE-1 ("]);
    assert_eq!(passage.asked[2]["NextToken"], "one");
}

#[test]
fn an_image_that_no_scan_can_judge_stops_at_once() {
    for name in [
        "FAILED",
        "UNSUPPORTED_IMAGE",
        "SCAN_ELIGIBILITY_EXPIRED",
        "FINDINGS_UNAVAILABLE",
        "LIMIT_EXCEEDED",
        "IMAGE_ARCHIVED",
        "SOMETHING_NEW",
    ] {
        let passage = pass("CRITICAL", &json!([]), &[Ok(status(name))]);
        stops(
            &passage,
            "ImageNotScanned",
            &[&format!("{name} (why)"), "ml-pipeline-dev@sha256:b96c2594"],
        );
        assert_eq!(passage.took, 0);
    }
}

/// Who may not read Inspector's findings must not take that for there being none.
#[test]
fn findings_that_are_counted_and_not_shown_stop() {
    let hidden = json!({"ImageScanStatus": {"Status": "ACTIVE"}, "ImageScanFindings": {
        "FindingSeverityCounts": {"LOW": 2, "HIGH": 1}, "ImageScanCompletedAt": "2025-12-31T23:59:59Z",
    }});
    let passage = pass("CRITICAL", &json!([]), &[Ok(hidden)]);
    stops(
        &passage,
        "ImageNotScanned",
        &["FINDINGS_UNAVAILABLE", "EnhancedScanning=true"],
    );
    // An empty page behind others is only that.
    let mut last =
        json!({"ImageScanStatus": {"Status": "COMPLETE"}, "ImageScanFindings": {"FindingSeverityCounts": {"LOW": 1}}});
    last["ImageScanFindings"]["Findings"] = json!([]);
    let pages = [
        page("COMPLETE", vec![basic("CVE-1", "LOW", "p")], Some("one")),
        Ok(last),
    ];
    assert_eq!(pass("CRITICAL", &json!([]), &pages).outcome, Ok(()));
}

#[test]
fn other_errors_of_ecr_keep_their_names() {
    for (error, cause) in [
        (
            "Ecr.EcrException",
            "User: … is not authorized to perform: ecr:DescribeImageScanFindings",
        ),
        (
            "Ecr.RepositoryNotFoundException",
            "The repository with name 'x' does not exist",
        ),
        ("States.Timeout", ""),
    ] {
        let passage = pass("CRITICAL", &json!([]), &[Err((error, cause))]);
        stops(&passage, error, &[cause]);
        assert_eq!((passage.took, passage.asked.len()), (0, 1), "{error}");
    }
    let down = Err(("Ecr.ServerException", "down"));
    let passage = pass(
        "CRITICAL",
        &json!([]),
        &[down.clone(), down, page("COMPLETE", Vec::new(), None)],
    );
    assert_eq!((passage.outcome, passage.asked.len()), (Ok(()), 3));
}

#[test]
fn settings_that_cannot_be_stop_by_name() {
    let fine = allow("CVE-1", "2027-01-01");
    let without = |field: &str| {
        let mut entry = fine.clone();
        entry[field] = " ".into();
        entry
    };
    for (level, allowed, parts) in [
        (
            "high",
            json!([]),
            vec!["/ml/dev/scan-level: `high` is none of OFF, CRITICAL, HIGH"],
        ),
        ("HIGH", json!({}), vec!["/ml/dev/scan-allowed: is no array"]),
        (
            "HIGH",
            json!([fine, "CVE-1"]),
            vec!["/ml/dev/scan-allowed: entry 2 is no object"],
        ),
        (
            "HIGH",
            json!([without("name")]),
            vec!["/ml/dev/scan-allowed: entry 1 has no `name`"],
        ),
        (
            "HIGH",
            json!([without("reason")]),
            vec!["/ml/dev/scan-allowed: entry 1 (CVE-1) has no `reason`"],
        ),
        (
            "HIGH",
            json!([allow("CVE-1", "soon")]),
            vec!["entry 1 (CVE-1) has no `until`", "YYYY-MM-DD"],
        ),
        (
            "HIGH",
            json!([{"name": "CVE-1"}, {}]),
            vec![
                "entry 1 (CVE-1) has no `reason`",
                "; /ml/dev/scan-allowed: entry 2 has no `name`",
            ],
        ),
        // Switched off or not: what is written there must be readable.
        ("OFF", json!([{}]), vec!["entry 1 has no `name`"]),
    ] {
        let passage = pass(level, &allowed, &[page("COMPLETE", Vec::new(), None)]);
        stops(&passage, "ScanSettingsInvalid", &parts);
        assert_eq!(passage.asked.len(), 0);
    }
}

#[test]
fn both_state_machines_have_the_same_gate() {
    let mut definitions = planned("dev").definitions();
    definitions.retain(|(_, definition)| !definition["States"]["LookAtScan"].is_null());
    let [(_, sample), (file, training)] = definitions.try_into().expect("two state machines");
    let (sample, training) = (&sample["States"], &training["States"]);
    for state in [
        "ReadScanSettings",
        "CheckScanSettings",
        "ScanSettingsInvalid",
        "LookAtScan",
        "JudgeFindings",
        "DecideOnScan",
        "WaitForScan",
        "ImageNotScanned",
        "ImageNotAccepted",
    ] {
        // What lies behind it is each one's own.
        let own = sample[state].to_string().replace("SageMaker-Hello-World", "FindData");
        assert_eq!(
            training[state].to_string(),
            own,
            "{file}: {state} is not as in the sample"
        );
    }
}
