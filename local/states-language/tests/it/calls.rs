//! What definitions would call: the calls, what AWS does not know among them, and what they need of IAM.

use serde_json::{Value, json};
use states_language::{
    Call, CallKind, ExecutionType, Integration, MachineSettings, Necessity, Pattern, Severity, Target, calls, misuse,
    permissions, signing_name,
};

use crate::common::FUNCTION;

/// The calls of a definition of one Task.
fn task(resource: &str, parameters: Value) -> Vec<Call> {
    calls(&definition(resource, parameters)).unwrap()
}

fn definition(resource: &str, parameters: Value) -> String {
    let state = json!({"Type": "Task", "Resource": resource, "Parameters": parameters, "End": true});
    json!({"StartAt": "S", "States": {"S": state}}).to_string()
}

fn integration(name: &str) -> String {
    format!("arn:aws:states:::{name}")
}

fn settings() -> MachineSettings {
    MachineSettings {
        partition: "aws".into(),
        region: "us-east-1".into(),
        account: "123456789012".into(),
        name: "m".into(),
        logs: false,
        traces: false,
    }
}

#[test]
fn calls_are_found_at_any_depth_with_their_places() {
    let text = json!({
        "StartAt": "P",
        "States": {
            "P": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "F", "States": {"F": {"Type": "Task", "Resource": FUNCTION, "End": true}}},
                {"StartAt": "M", "States": {"M": {
                    "Type": "Map", "End": true,
                    "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b"}},
                    "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": "a/b", "States": {
                        "a/b": {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": true},
                    }},
                    "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}},
                }}},
            ]},
            "W": {"Type": "Task", "Resource": "arn:aws:states:eu-west-1:123456789012:activity:work"},
            "O": {"Type": "Task", "Resource": "${SaveFunctionArn}"},
            "L": {"Type": "Task", "Resource": "arn:${AWS::Partition}:states:::sns:publish"},
        },
    });
    let text = serde_json::to_string_pretty(&text).unwrap();
    let found = calls(&text).unwrap();
    let told: Vec<(&str, CallKind, &str)> = found.iter().map(|it| (&*it.state, it.kind, &*it.pointer)).collect();
    let map = "/States/P/Branches/1/States/M";
    assert_eq!(
        told,
        [
            ("F", CallKind::Task, "/States/P/Branches/0/States/F/Resource"),
            ("M", CallKind::Children, map),
            ("M", CallKind::ItemReader, &format!("{map}/ItemReader/Resource")),
            ("M", CallKind::ResultWriter, &format!("{map}/ResultWriter/Resource")),
            (
                "a/b",
                CallKind::Task,
                &format!("{map}/ItemProcessor/States/a~1b/Resource")
            ),
            ("W", CallKind::Task, "/States/W/Resource"),
            ("O", CallKind::Task, "/States/O/Resource"),
            ("L", CallKind::Task, "/States/L/Resource"),
        ]
    );
    let line = text.lines().position(|line| line.contains("ecs:runTask")).unwrap() + 1;
    assert_eq!((found[4].line, found[4].operation()), (line, Some(("ecs", "runTask"))));
    let Target::Integration(Integration::Service { pattern, .. }) = &found[4].target else {
        panic!("{:?}", found[4])
    };
    assert_eq!(*pattern, Pattern::Sync);
    assert!(matches!(
        &found[5].target,
        Target::Integration(Integration::Activity { .. })
    ));
    assert_eq!(found[6].target, Target::Open);
    assert_eq!(found[7].operation(), Some(("sns", "publish")));
}

#[test]
fn only_what_stands_there_is_a_literal() {
    let parameters = json!({
        "Name": "n", "Path.$": "$.x", "Filled": "${Filled}", "Query": "{% $x %}",
        "Outer": {"Inner": "i"}, "Whole.$": "$.y",
    });
    let call = &task(&integration("sns:publish"), parameters)[0];
    for (path, literal, given) in [
        (&["Name"][..], Some("n"), true),
        (&["Path"], None, true),
        (&["Filled"], None, true),
        (&["Query"], Some("{% $x %}"), true),
        (&["Outer", "Inner"], Some("i"), true),
        (&["Outer", "None"], None, false),
        (&["Whole", "Any"], None, true),
        (&["None"], None, false),
    ] {
        assert_eq!(
            (call.argument(path), call.has_argument(path)),
            (literal, given),
            "{path:?}"
        );
    }
    let state = json!({
        "Type": "Task", "Resource": FUNCTION, "Arguments": {"Query": "{% $x %}"}, "Credentials": {"RoleArn": "arn:r"},
    });
    let text = json!({"QueryLanguage": "JSONata", "States": {"S": state}}).to_string();
    let call = &calls(&text).unwrap()[0];
    assert_eq!((call.argument(&["Query"]), call.has_argument(&["Query"])), (None, true));
    assert_eq!(call.credentials, Some(Some("arn:r".into())));
}

#[test]
fn what_aws_does_not_know_is_told_with_its_mend() {
    use ExecutionType::{Express, Standard};
    use Severity::{Error, Warning};
    for (resource, kind, expected) in [
        (integration("lambda:invoke"), Standard, None),
        (integration("lambda:invoke.waitForTaskToken"), Standard, None),
        (integration("states:startExecution.sync:2"), Standard, None),
        (integration("aws-sdk:dynamodb:query"), Standard, None),
        (integration("aws-sdk:dynamodb:putItem.waitForTaskToken"), Standard, None),
        (integration("aws-sdk:lookoutvision:startModel"), Standard, None),
        (integration("http:invoke"), Standard, None),
        (integration("elasticmapreduce:createCluster.sync"), Standard, None),
        (FUNCTION.to_owned(), Express, None),
        (
            integration("lamda:invoke"),
            Standard,
            Some((Error, "did you mean `lambda:invoke`?")),
        ),
        (
            integration("sagemaker:createProcesingJob.sync"),
            Standard,
            Some((Error, "did you mean `sagemaker:createProcessingJob`?")),
        ),
        (
            integration("ssm:getParameter"),
            Standard,
            Some((Error, "write `arn:aws:states:::aws-sdk:ssm:getParameter`")),
        ),
        (
            integration("dynamodb:query"),
            Standard,
            Some((Error, "write `arn:aws:states:::aws-sdk:dynamodb:query`")),
        ),
        (
            integration("dynamodb:putItem.sync"),
            Standard,
            Some((Error, "cannot be waited for in this way: AWS has `dynamodb:putItem`")),
        ),
        (
            integration("glue:startJobRun.sync:2"),
            Standard,
            Some((Error, "AWS has `glue:startJobRun`, `glue:startJobRun.sync`")),
        ),
        (
            integration("aws-sdk:sagemaker:createTrainingJob.sync"),
            Standard,
            Some((Error, "only optimized integrations can")),
        ),
        (
            integration("aws-sdk:dynamodbb:query"),
            Standard,
            Some((Error, "did you mean `aws-sdk:dynamodb`?")),
        ),
        (
            integration("aws-sdk:states:describeExecution"),
            Standard,
            Some((Error, "did you mean `aws-sdk:sfn`?")),
        ),
        (
            integration("aws-sdk:ssm:getParametrs"),
            Standard,
            Some((Error, "did you mean `aws-sdk:ssm:getParameters`?")),
        ),
        (
            integration("aws-sdk:s3:frobnicate"),
            Standard,
            Some((Warning, "AWS refuses it unless it is a new one")),
        ),
        (
            integration("aws-sdk:teleporter:beam"),
            Standard,
            Some((Warning, "AWS refuses it unless it is a new one")),
        ),
        (
            integration("teleporter:beam"),
            Standard,
            Some((Warning, "AWS refuses it unless it is a new one")),
        ),
        (
            integration("sqs:sendMessage.waitForTaskToken"),
            Express,
            Some((Error, "has no `.waitForTaskToken`: make it a Standard one")),
        ),
        ("lambda".to_owned(), Standard, Some((Error, "not a valid resource ARN"))),
    ] {
        let found = misuse(&task(&resource, json!({}))[0], kind);
        match (&found, expected) {
            (None, None) => {}
            (Some(found), Some((severity, part))) if found.severity == severity && found.text.contains(part) => {}
            _ => panic!("{resource}: {found:?}"),
        }
    }
}

#[test]
fn services_sign_with_names_of_their_own() {
    for (service, expected) in [
        ("sagemaker", "sagemaker"),
        ("aws-sdk:sagemaker", "sagemaker"),
        ("aws-sdk:sfn", "states"),
        ("aws-sdk:cloudwatchlogs", "logs"),
        ("aws-sdk:elasticloadbalancingv2", "elasticloadbalancing"),
        ("aws-sdk:teleporter", "teleporter"),
    ] {
        assert_eq!(signing_name(service), expected);
    }
}

#[test]
fn calls_need_what_aws_documents() {
    use Necessity::{Certain, Documented, ToFollow, ToStop};
    let arn = |service: &str, rest: &str| format!("arn:aws:{service}:us-east-1:123456789012:{rest}");
    let role = "arn:aws:iam::123456789012:role/job";
    let rule = |name: &str| {
        let rule = arn("events", &format!("rule/{name}"));
        ["PutTargets", "PutRule", "DescribeRule"]
            .map(|action| (format!("events:{action}"), rule.clone(), true, Certain))
    };
    let one = |action: &str, resource: String, is_exact: bool| (action.to_owned(), resource, is_exact, Certain);
    let following = |action: &str, resource: String| (action.to_owned(), resource, false, ToFollow);
    let stopping = |action: &str, resource: String| (action.to_owned(), resource, false, ToStop);
    let documented = |action: &str| (action.to_owned(), "*".to_owned(), true, Documented);
    let with_rule = |needed: Vec<(String, String, bool, Necessity)>, name: &str| [needed, rule(name).to_vec()].concat();
    let processing = arn("sagemaker", "processing-job/*");
    for (resource, parameters, expected) in [
        (
            "lambda:invoke",
            json!({"FunctionName": "f", "Qualifier": "live"}),
            vec![one("lambda:InvokeFunction", arn("lambda", "function:f:live"), true)],
        ),
        (
            "lambda:invoke",
            json!({"FunctionName.$": "$.f"}),
            vec![one("lambda:InvokeFunction", arn("lambda", "function:*"), false)],
        ),
        (
            "aws-sdk:lambda:invoke",
            json!({"FunctionName": FUNCTION}),
            vec![one("lambda:InvokeFunction", FUNCTION.to_owned(), true)],
        ),
        (
            "sqs:sendMessage",
            json!({"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/q", "MessageBody": "m"}),
            vec![one("sqs:SendMessage", arn("sqs", "q"), true)],
        ),
        (
            "sagemaker:createProcessingJob",
            json!({"ProcessingJobName.$": "$.n", "RoleArn": role}),
            vec![
                one("sagemaker:CreateProcessingJob", processing.clone(), false),
                one("iam:PassRole", role.to_owned(), true),
            ],
        ),
        (
            "sagemaker:createProcessingJob.sync",
            json!({"ProcessingJobName.$": "$.n", "RoleArn": role}),
            with_rule(
                vec![
                    one("sagemaker:CreateProcessingJob", processing.clone(), false),
                    one("iam:PassRole", role.to_owned(), true),
                    one("sagemaker:AddTags", processing.clone(), false),
                    following("sagemaker:DescribeProcessingJob", processing.clone()),
                    stopping("sagemaker:StopProcessingJob", processing),
                    documented("sagemaker:ListTags"),
                ],
                "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
            ),
        ),
        (
            "states:startExecution.sync:2",
            json!({"StateMachineArn": arn("states", "stateMachine:inner:live")}),
            with_rule(
                vec![
                    one("states:StartExecution", arn("states", "stateMachine:inner"), true),
                    following("states:DescribeExecution", arn("states", "execution:inner:*")),
                    stopping("states:StopExecution", arn("states", "execution:inner:*")),
                ],
                "StepFunctionsGetEventsForStepFunctionsExecutionRule",
            ),
        ),
        (
            "dynamodb:putItem",
            json!({"TableName": "orders"}),
            vec![one("dynamodb:PutItem", arn("dynamodb", "table/orders"), true)],
        ),
        (
            "aws-sdk:s3:listObjectsV2",
            json!({"Bucket": "b"}),
            vec![one("s3:ListBucket", "arn:aws:s3:::b".into(), true)],
        ),
        (
            "aws-sdk:s3:getObject",
            json!({"Bucket": "b", "Key.$": "$.k", "VersionId.$": "$.v"}),
            vec![one("s3:GetObjectVersion", "arn:aws:s3:::b/*".into(), false)],
        ),
        (
            "aws-sdk:ssm:getParameters",
            json!({}),
            vec![one("ssm:GetParameters", "*".into(), false)],
        ),
        (
            "aws-sdk:bedrockruntime:converse",
            json!({}),
            vec![("bedrock:Converse".into(), "*".into(), false, Documented)],
        ),
        ("eks:call", json!({}), vec![]),
    ] {
        let needed = permissions(&definition(&integration(resource), parameters), &settings()).unwrap();
        let told: Vec<_> = needed
            .into_iter()
            .map(|it| (it.action, it.resource, it.is_exact, it.necessity))
            .collect();
        assert_eq!(told, expected, "{resource}");
    }
}

#[test]
fn a_state_machine_needs_what_is_switched_on_and_what_its_maps_do() {
    let states = json!({"M": {
        "Type": "Map", "End": true,
        "ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b", "Prefix": "p"}},
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "States": {"T": {
            "Type": "Task", "Resource": FUNCTION, "Credentials": {"RoleArn": "arn:aws:iam::210987654321:role/other"},
        }}},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "r"}},
    }});
    let text = json!({"States": states}).to_string();
    let all = MachineSettings {
        logs: true,
        traces: true,
        ..settings()
    };
    let needed = permissions(&text, &all).unwrap();
    let certain: Vec<(&str, &str)> = needed
        .iter()
        .filter(|it| it.necessity == Necessity::Certain && it.state.is_some())
        .map(|it| (&*it.action, &*it.resource))
        .collect();
    assert_eq!(
        certain,
        [
            (
                "states:StartExecution",
                "arn:aws:states:us-east-1:123456789012:stateMachine:m"
            ),
            ("s3:ListBucket", "arn:aws:s3:::b"),
            ("s3:PutObject", "arn:aws:s3:::b/*"),
            ("sts:AssumeRole", "arn:aws:iam::210987654321:role/other"),
        ]
    );
    let of_machine: Vec<&str> = needed
        .iter()
        .filter(|it| it.state.is_none())
        .map(|it| &*it.action)
        .collect();
    assert_eq!(
        (of_machine.len(), of_machine[0], of_machine[11]),
        (12, "logs:CreateLogDelivery", "xray:PutTraceSegments")
    );
}

#[test]
fn objects_that_are_loaded_are_read() {
    let of = |config: Value| {
        let definition = json!({"StartAt": "M", "States": {"M": {
            "Type": "Map", "End": true,
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:listObjectsV2", "ReaderConfig": config, "Parameters": {"Bucket": "b"},
            },
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "States": {}},
        }}});
        let needed = permissions(&definition.to_string(), &settings()).unwrap();
        needed.iter().any(|it| &*it.action == "s3:GetObject")
    };
    assert!(of(json!({"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN"})));
    assert!(!of(json!({"Transformation": "NONE"})));
}
