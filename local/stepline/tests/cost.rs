//! What a run can cost at most, beside a computation by hand, and prices from a price list.

use aws_credential_types::Credentials;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use stepline::cost::{self, Base, Bill, Prices};
use stepline::doctor::Access;
use test_support::{Loopback, Reply};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the root is two folders up")
}

fn prices() -> Prices {
    Prices::read(root()).unwrap_or_else(|error| panic!("{error}"))
}

/// What deploys, in a folder of its own, with this done to a file of it.
fn changed(file: &str, from: &str, to: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a temporary folder");
    for folder in ["sam", "statemachine", "config", "container"] {
        let copied = Command::new("cp")
            .arg("-r")
            .arg(root().join(folder))
            .arg(copy.path())
            .status();
        assert!(copied.expect("cp runs").success());
    }
    let file = copy.path().join(file);
    let text = std::fs::read_to_string(&file).expect("the file");
    assert!(text.contains(from), "{from}");
    std::fs::write(file, text.replace(from, to)).expect("the file can be changed");
    // A service, so that the sums do not depend on whether the repository has one.
    let serving = "Parameters:\n  DesiredCount: {Type: Number, Default: 2}\n  Cpu: {Type: Number, Default: 512}\n  \
                   Memory: {Type: Number, Default: 1024}\nResources:\n  LoadBalancer:\n    \
                   Type: AWS::ElasticLoadBalancingV2::LoadBalancer\n";
    std::fs::write(copy.path().join("sam/serving.yaml"), serving).expect("the template can be written");
    copy
}

async fn estimate(folder: &Path) -> Bill {
    let bill = cost::estimate(folder, "dev", &prices()).await;
    bill.unwrap_or_else(|error| panic!("{error}"))
}

/// What the lines of a service come to that are about one of these.
fn of(bill: &Bill, service: &str, about: &[&str]) -> f64 {
    let lines = bill.run.iter().filter(|line| line.service == service);
    let lines = lines.filter(|line| about.iter().any(|about| line.what.split(':').next() == Some(about)));
    lines.filter_map(|line| line.usd).sum()
}

#[track_caller]
fn same(computed: f64, by_hand: f64) {
    assert!(
        (computed - by_hand).abs() < 0.000_000_5,
        "{computed} instead of {by_hand}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_what_it_is_by_hand() {
    let one = r#"'{"learning-rate": 0.1, "max-iterations": 60, "max-depth": 4}'"#;
    let three = r#"'[{"max-depth": 2}, {"max-depth": 3}, {"max-depth": 4}]'"#;
    let folder = changed("sam/template.yaml", one, three);
    let bill = estimate(folder.path()).await;
    assert!(!bill.is_incomplete(), "{bill:#?}");

    // Two processing jobs on ml.t3.medium and three training jobs on ml.m5.large, an hour each, with 10 GB each.
    let jobs = 2.0 * 0.05 + 3.0 * 0.115;
    same(of(&bill, "SageMaker", &["Execute"]), jobs + 5.0 * 10.0 * 0.14 / 730.0);
    // The build: 30 minutes of general1.small.
    same(of(&bill, "CodeBuild", &["Build"]), 30.0 * 0.005);
    // Source 60 minutes, the build 30 and 60 in the queue, Execute 1380. Approve costs nothing.
    let minutes = of(&bill, "CodePipeline", &["Source", "Build", "Execute"]);
    same(minutes, (60.0 + 90.0 + 1380.0) * 0.002);
    // Two executions: the training and the record of the answer.
    let transitions = of(&bill, "Step Functions", &["Execute", "the answer to Approve"]);
    same(transitions, 2.0 * 12_500.0 * 0.000_025);
    // 1380 × 60 / 28 = 2957.1: 2958 polls after the first call, of 60 s; 1 + 6 calls of 30 s; a quarter of a GB each, on arm64.
    let (polls, tasks) = (2959.0, 7.0);
    let lambda = (polls + tasks) * 0.000_000_2 + (polls * 60.0 + tasks * 30.0) * 0.25 * 0.000_013_333_4;
    same(of(&bill, "Lambda", &["Execute"]), lambda);
    same(bill.run_usd(), bill.run.iter().filter_map(|line| line.usd).sum());
    assert!(bill.run_usd() > jobs + minutes + transitions + lambda);
    // Two tasks of half a vCPU and 1 GB, and a load balancer: $0.07187 an hour.
    same(bill.service_hour_usd(), 2.0 * (0.5 * 0.04048 + 0.004_445) + 0.0225);
    same(bill.service_month_usd(), 0.07187 * 730.0);

    let text = cost::text(&bill);
    for part in [
        "     $0.3450  SageMaker, Execute: TrainModel: 3 × 1 ml.m5.large × 3600 s / 3600 × $0.115 an hour\n",
        "     $2.7600  CodePipeline, Execute: 1380 minutes × $0.002 a minute\n",
        "     $0.0719  together; $52.4651 a month\n",
        "Not confirmed by AWS's price list",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_price_is_said_and_counts_as_nothing_else() {
    let instance = r#"{"instanceType": "ml.m5.large","#;
    let folder = changed("sam/template.yaml", instance, r#"{"instanceType": "ml.p9.huge","#);
    let bill = estimate(folder.path()).await;
    assert!(bill.is_incomplete());
    let training = bill
        .run
        .iter()
        .find(|line| line.what == "Execute: TrainModel")
        .expect("the line");
    assert_eq!(training.usd, None);
    let said = "1 × 1 ml.p9.huge × 3600 s / 3600: no price known for sagemaker.training.ml.p9.huge in us-east-1";
    assert_eq!(training.computation, said);
    let text = cost::text(&bill);
    assert!(text.contains("together, and what has no price\n"), "{text}");
    assert!(
        cost::markdown(&bill, None).contains("**, and what has no price (us-east-1)."),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_shown_against_another_checkout_and_a_revision() {
    let same_as_here = changed("sam/template.yaml", "Default: ml.t3.medium", "Default: ml.t3.medium");
    let folder = changed("sam/template.yaml", "Default: ml.t3.medium", "Default: ml.m5.xlarge");
    let git = |arguments: &[&str]| {
        let identity = [
            "-c",
            "user.name=test",
            "-c",
            "user.email=test@localhost",
            "-c",
            "commit.gpgsign=false",
        ];
        let run = Command::new("git")
            .current_dir(folder.path())
            .args(identity)
            .args(arguments)
            .status();
        assert!(run.expect("git runs").success(), "{arguments:?}");
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "start"]);
    let there = same_as_here.path().to_str().expect("a path");
    let beside = Base::find(folder.path(), there).unwrap_or_else(|error| panic!("{error}"));
    let revision = Base::find(folder.path(), "HEAD").unwrap_or_else(|error| panic!("{error}"));
    let taken = revision.folder().to_owned();
    let (bill, base, head) = (
        estimate(folder.path()).await,
        estimate(beside.folder()).await,
        estimate(revision.folder()).await,
    );
    assert_eq!(bill, head);
    drop(revision);
    assert!(!taken.exists(), "what was taken out of git is gone");
    // Two hours of ml.m5.xlarge for $0.23 instead of ml.t3.medium for $0.05.
    same(bill.run_usd() - base.run_usd(), 0.36);
    let shown = cost::compared(&bill, &base, "main");
    assert!(shown.contains("    +$0.3600  one run: "), "{shown}");
    let markdown = cost::markdown(&bill, Some((&base, "ma|n")));
    for part in [
        "| | ma&#124;n | here | change |",
        "| **+$0.3600** |",
        "| now | SageMaker, Execute: Prepare |",
    ] {
        assert!(markdown.contains(part), "{part} is not in: {markdown}");
    }
    let unknown = Base::find(folder.path(), "no-such-revision")
        .err()
        .expect("there is none");
    assert!(
        unknown.to_string().contains("`no-such-revision` is no folder"),
        "{unknown}"
    );
}

/// A product of the price list, as its API has it: JSON in a text.
fn product(tiers: &[(&str, &str)]) -> String {
    let dimensions = tiers.iter().map(|(begin, usd)| {
        let dimension = json!({"unit": "Hrs", "beginRange": begin, "pricePerUnit": {"USD": usd}});
        (format!("SKU.OTC.{begin}"), dimension)
    });
    let dimensions: serde_json::Map<String, Value> = dimensions.collect();
    json!({"product": {"sku": "SKU"}, "terms": {"OnDemand": {"SKU.OTC": {"priceDimensions": dimensions}}}}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_are_renewed_from_the_price_list() {
    let list = Loopback::start(|request| {
        let asked: Value = serde_json::from_slice(&request.body).expect("JSON");
        let filter = |field: &str| {
            let filters = asked["Filters"].as_array().expect("filters");
            let found = filters.iter().find(|filter| filter["Field"] == field);
            found.map(|filter| filter["Value"].as_str().expect("a text").to_owned())
        };
        let usage = filter("usagetype").expect("a usage type");
        let products = match (usage.as_str(), asked["NextToken"].as_str()) {
            ("USE1-Train:ml.m5.large", None) => {
                return Reply::json(200, &json!({"PriceList": [], "NextToken": "more"}));
            }
            ("USE1-Train:ml.m5.large", Some("more")) => vec![product(&[("0", "0.1200000000")])],
            // The first tier is free.
            ("USE1-StateTransition", _) => vec![product(&[("0", "0"), ("4000", "0.0000250000")])],
            ("USE1-Fargate-GB-Hours", _) => vec![product(&[("0", "1")]), product(&[("0", "2")])],
            _ => Vec::new(),
        };
        Reply::json(200, &json!({"PriceList": products}))
    });
    let access = Access::at(
        &list.url(),
        "us-east-1",
        Credentials::new("test", "test", None, None, "test"),
    );
    let mut renewed = prices();
    let report = cost::renew_with(&access, &mut renewed)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let changed = (
        "sagemaker.training.ml.m5.large".to_owned(),
        "us-east-1".to_owned(),
        0.115,
        0.12,
    );
    assert_eq!(report.changed, [changed]);
    assert_eq!(report.same, 1);
    assert!(
        report.not_found.contains(&"fargate.x86_64.gb in us-east-1".to_owned()),
        "{report:?}"
    );
    assert_eq!(renewed.usd("us-east-1", "sagemaker.training.ml.m5.large"), Some(0.12));
    assert_eq!(renewed.usd("us-east-1", "fargate.x86_64.gb"), Some(0.004_445));

    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir_all(folder.path().join("local/stepline")).expect("the folder can be made");
    renewed.write(folder.path()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        Prices::read(folder.path()).unwrap_or_else(|error| panic!("{error}")),
        renewed
    );
    let asked = list.requests();
    assert!(
        asked
            .iter()
            .all(|request| request.header("x-amz-target") == Some("AWSPriceListService.GetProducts"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_list_that_refuses_changes_nothing() {
    let list = Loopback::start(|_| Reply::json(400, &json!({"__type": "AccessDeniedException", "message": "no"})));
    let access = Access::at(
        &list.url(),
        "us-east-1",
        Credentials::new("test", "test", None, None, "test"),
    );
    let mut renewed = prices();
    let refused = cost::renew_with(&access, &mut renewed).await.expect_err("a refusal");
    assert!(refused.to_string().contains("AccessDeniedException"), "{refused}");
    assert_eq!(renewed, prices());
}

/// What the templates use by default has a price in both regions, and what an approval says is the same.
#[test]
fn the_approval_s_prices_are_those_of_the_file() {
    let template = std::fs::read_to_string(root().join("sam/template.yaml")).expect("the template");
    let declared = template.split_once("\n  Prices:\n").expect("the parameter").1;
    let default = declared.split_once("Default: >-\n").expect("a default").1;
    let default = default
        .lines()
        .take_while(|line| line.starts_with("      "))
        .collect::<String>();
    let default: Value = serde_json::from_str(&default).expect("JSON");
    let prices = prices();
    for (region, types) in default.as_object().expect("regions") {
        for needed in ["ml.t3.medium", "ml.m5.large"] {
            assert!(types[needed].is_number(), "{needed} in {region}");
        }
        for (instance_type, usd) in types.as_object().expect("types") {
            for kind in ["processing", "training"] {
                let name = format!("sagemaker.{kind}.{instance_type}");
                assert_eq!(prices.usd(region, &name), usd.as_f64(), "{name} in {region}");
            }
        }
    }
    assert!(default["us-east-1"].is_object() && default["ap-northeast-1"].is_object());
}
