//! Templates that are read without being deployed.
use platform::account::Account;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use stepline::template::{Deployed, Made, Stack};

/// Opens a template; `values` are its parameters' values, written `Name=Value`.
fn open(directory: &Path, text: &str, values: &[&str]) -> Result<Stack, String> {
    let file = directory.join("template.yaml");
    std::fs::write(&file, text).expect("a template");
    let values: BTreeMap<String, String> = values
        .iter()
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let exports = BTreeMap::from([("shared-bucket".to_owned(), "the-bucket".to_owned())]);
    let deployed = Deployed {
        stack: "stack".to_owned(),
        template: file,
        values,
        ..Deployed::default()
    };
    Stack::open(&deployed, &Account::local(), &exports).map_err(|error| {
        let shown = error.to_string();
        let start = shown.find("template.yaml").unwrap_or(0);
        shown[start..].to_owned()
    })
}

fn passed_over(stack: &Stack) -> Vec<String> {
    let faults = stack.passed_over().into_iter().map(|fault| fault.to_string());
    faults
        .map(|shown| shown[shown.find("template.yaml").unwrap_or(0)..].to_owned())
        .collect()
}

/// The property `P` of the resource `R`, in a template that has these sections too.
fn property(value: &str, sections: &str) -> Result<Value, String> {
    resolved(value, sections).map(|(value, _)| value)
}

/// The same, and what was passed over.
fn resolved(value: &str, sections: &str) -> Result<(Value, Vec<String>), String> {
    let directory = tempfile::tempdir().expect("a directory");
    let text = format!(
        "{sections}\nResources:\n  Other:\n    Type: T::O\n  R:\n    Type: T::R\n    Properties:\n      P: {value}\n"
    );
    let mut stack = open(directory.path(), &text, &[])?;
    for id in stack.order().to_vec() {
        let resource = stack.resource(&id).map_err(|error| {
            let shown = error.to_string();
            shown[shown.find("template.yaml").unwrap_or(0)..].to_owned()
        })?;
        if id == "R" {
            let value = resource.properties.get("P").cloned().unwrap_or(json!("absent"));
            return Ok((value, passed_over(&stack)));
        }
        stack.made(&id, Made::new("other").with("Arn", "arn:other").with("Nested.Part", 7));
    }
    panic!("the template has no R")
}

#[test]
fn functions() {
    let sections = concat!(
        "Parameters:\n  Name: {Type: String, Default: x}\n  Size: {Type: Number, Default: 10}\n",
        "  List: {Type: CommaDelimitedList, Default: 'a, b'}\n",
        "Mappings:\n  Sizes: {dev: {small: 1}}\n",
        "Conditions:\n  Holds: !Equals [!Ref Name, x]\n  Fails: !Not [!Condition Holds]\n",
        "  Either: !Or [!Condition Fails, !Condition Holds]\n  Both: !And [!Condition Fails, !Condition Holds]\n",
    );
    for (written, expected) in [
        ("!Ref Name", json!("x")),
        ("!Ref Size", json!(10)),
        ("!Ref List", json!(["a", "b"])),
        ("!Ref Other", json!("other")),
        ("!GetAtt Other.Arn", json!("arn:other")),
        ("!GetAtt Other.Nested.Part", json!(7)),
        ("{'Fn::GetAtt': [Other, Arn]}", json!("arn:other")),
        (
            "!Sub '${Name}-${Size}-${Other}-${Other.Arn}'",
            json!("x-10-other-arn:other"),
        ),
        ("!Sub '${!Name} ${AWS::Region}'", json!("${Name} us-east-1")),
        ("!Sub ['${A}-${Name}', {A: !Ref Size}]", json!("10-x")),
        (
            "!Sub 'arn:${AWS::Partition}:x:${AWS::AccountId}'",
            json!("arn:aws:x:123456789012"),
        ),
        ("!Ref AWS::StackName", json!("stack")),
        ("!Ref AWS::URLSuffix", json!("amazonaws.com")),
        ("!Join ['-', [a, !Ref Name, !Ref Size]]", json!("a-x-10")),
        ("!Join ['+', !Ref List]", json!("a+b")),
        ("!Split [',', 'a,b,,c']", json!(["a", "b", "", "c"])),
        ("!Select [1, !Split ['/', 'a/b/c']]", json!("b")),
        ("!Select ['0', !Ref List]", json!("a")),
        ("!FindInMap [Sizes, dev, small]", json!(1)),
        ("!Base64 hello", json!("aGVsbG8=")),
        ("!GetAZs ''", json!(["us-east-1a", "us-east-1b", "us-east-1c"])),
        ("!ImportValue shared-bucket", json!("the-bucket")),
        ("!If [Holds, 1, 2]", json!(1)),
        ("!If [Fails, 1, 2]", json!(2)),
        ("!If [Either, 1, 2]", json!(1)),
        ("!If [Both, 1, 2]", json!(2)),
        ("!If [Fails, 1, !Ref AWS::NoValue]", json!("absent")),
        ("[1, !If [Fails, 2, !Ref AWS::NoValue], 3]", json!([1, 3])),
        ("{a: !If [Fails, 2, !Ref AWS::NoValue], b: 3}", json!({"b": 3})),
        // The branch that does not count may name what does not exist.
        ("!If [Holds, 1, !Ref Absent]", json!(1)),
        // A key that only looks like a function's in a policy.
        (
            "{Condition: {Bool: {a: b}}}",
            json!({"Condition": {"Bool": {"a": "b"}}}),
        ),
    ] {
        assert_eq!(property(written, sections), Ok(expected), "{written}");
    }
}

#[test]
fn faults_name_the_place_and_the_thing() {
    for (written, expected) in [
        (
            "!Ref Absent",
            "template.yaml:8:7: Resources/R/Properties/P/Ref: there is no parameter or resource `Absent`",
        ),
        (
            "!GetAtt R.Arn",
            "template.yaml:2:1: Resources: Circular dependency between resources: [R]",
        ),
        (
            "!If [Absent, 1, 2]",
            "template.yaml:8:7: Resources/R/Properties/P: there is no condition `Absent`",
        ),
        ("!Sub '${'", "has a `${` without its `}`"),
        ("!Select [5, [a]]", "there is no item 5 among 1"),
        ("!ImportValue absent", "No export named absent found"),
        ("!Equals [a, a]", "is a condition"),
        ("!Join [a]", "takes a list of 2 values"),
    ] {
        let error = property(written, "").expect_err(written);
        assert!(error.contains(expected), "{written}: {error}");
    }
}

#[test]
fn what_the_local_run_lacks_is_passed_over_at_its_place() {
    for (written, value, expected) in [
        (
            "!GetAtt Other.Absent",
            json!("other.Absent"),
            "template.yaml:8:7: Resources/R/Properties/P: the resource `Other` has no attribute `Absent` in the local run: \"other.Absent\" \
             stands for it",
        ),
        (
            "!Cidr [a, 1, 2]",
            json!("absent"),
            "template.yaml:8:7: Resources/R/Properties/P/Fn::Cidr: is not in the local run",
        ),
        (
            "'{{resolve:ssm:/a}}'",
            json!("{{resolve:ssm:/a}}"),
            "template.yaml:8:7: Resources/R/Properties/P: the local run has no dynamic references: `{{resolve:ssm:/a}}` stays as it is",
        ),
    ] {
        assert_eq!(
            resolved(written, ""),
            Ok((value, vec![expected.to_owned()])),
            "{written}"
        );
    }
    let directory = tempfile::tempdir().expect("a directory");
    for (text, expected) in [
        (
            "Resources: {A: {Type: T}}\nTransform: AWS::Include",
            "template.yaml:2:1: Transform: the local run has no transform \"AWS::Include\"",
        ),
        (
            "Resources: {A: {Type: T}}\nRules: {}",
            "template.yaml:2:1: Rules: a template has no `Rules` in the local run",
        ),
        (
            "Resources: {A: {Type: T, Connectors: {}}}",
            "template.yaml:1:26: Resources/A/Connectors: a resource has no `Connectors` in the local run",
        ),
        (
            "Resources: {A: {Type: T}, 'Fn::ForEach::B': [C, [d], {}]}",
            "template.yaml:1:27: Resources/Fn::ForEach::B: the local run has no such function",
        ),
    ] {
        let stack = open(directory.path(), text, &[]).expect(text);
        assert_eq!(passed_over(&stack), [expected], "{text}");
        assert_eq!(stack.order(), ["A"], "{text}");
    }
    // What SAM has and the local run does not stays as a resource of its own type: nothing is made of it.
    let text = "Resources: {A: {Type: AWS::Serverless::Api}}\nTransform: [AWS::Serverless-2016-10-31]";
    let mut stack = open(directory.path(), text, &[]).expect(text);
    assert_eq!(stack.resource("A").expect("a resource").kind, "AWS::Serverless::Api");
}

#[test]
fn sections_that_nobody_reads_are_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    for (text, expected) in [
        ("Resources: {}", "at least one resource"),
        ("Resource: {}", "a template has no `Resource`"),
        (
            "Resources: {A: {Type: T, Propertys: {}}}",
            "a resource has no `Propertys`",
        ),
        ("Resources: {A: {Type: T, Condition: C}}", "no condition `C`"),
        (
            "Resources: {A: {Type: T}}\nConditions: {C: !Condition D, D: !Condition C}",
            "circle of conditions",
        ),
    ] {
        let error = open(directory.path(), text, &[]).map(|_| ()).expect_err(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn parameters_are_checked() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = concat!(
        "Parameters:\n",
        "  Stage: {Type: String, AllowedValues: [dev, prod]}\n",
        "  Name: {Type: String, Default: abc, AllowedPattern: '[a-z]+', MaxLength: 5}\n",
        "  Size: {Type: Number, Default: 1, MinValue: 1, MaxValue: 9}\n",
        "Resources: {A: {Type: T}}\n",
    );
    for (values, expected) in [
        (&["Stage=dev"][..], None),
        (&[], Some("Parameters/Stage: has no value and no default")),
        (&["Stage=test"], Some("`test` is not one of dev, prod")),
        (&["Stage=dev", "Name=ABC"], Some("`ABC` does not match [a-z]+")),
        (&["Stage=dev", "Name=abcdef"], Some("MaxLength")),
        (&["Stage=dev", "Size=10"], Some("MaxValue")),
        (&["Stage=dev", "Size=x"], Some("is not a number")),
        (&["Stage=dev", "Other=1"], Some("`Other`, which is not a parameter")),
    ] {
        let fault = open(directory.path(), text, values).map(|_| ()).err();
        match (&fault, expected) {
            (None, None) => {}
            (Some(error), Some(wanted)) if error.contains(wanted) => {}
            _ => panic!("{values:?}: {fault:?}"),
        }
    }
}

#[test]
fn resources_come_behind_what_they_need() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = concat!(
        "Conditions: {Fails: !Equals [a, b]}\n",
        "Resources:\n",
        "  A: {Type: T, Properties: {X: !Sub '${B.Arn}'}}\n",
        "  B: {Type: T, DependsOn: C}\n",
        "  C: {Type: T, Properties: {X: !If [Fails, !Ref Gone, !Ref D]}}\n",
        "  D: {Type: T}\n",
        "  Gone: {Type: T, Condition: Fails}\n",
    );
    let stack = open(directory.path(), text, &[]).expect("a stack");
    assert_eq!(stack.order(), ["D", "C", "B", "A"]);
}

const SAM: &str = r#"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: provided.al2023, MemorySize: 128, Tags: {team: ml}}
Resources:
  Work:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: work}}
    Properties:
      FunctionName: work
      MemorySize: 256
      Policies:
        - AWSLambdaBasicExecutionRole
        - SQSSendMessagePolicy: {QueueName: failed}
        - Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]
      EventInvokeConfig:
        MaximumRetryAttempts: 1
        DestinationConfig: {OnFailure: {Type: SQS, Destination: 'arn:queue'}}
      Events:
        Pushed: {Type: EventBridgeRule, Properties: {Pattern: {source: [aws.ecr]}}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: {StartAt: A, States: {A: {Type: Succeed}}}
      PermissionsBoundary: arn:boundary
      Policies: [{LambdaInvokePolicy: {FunctionName: !Ref Work}}]
      AutoPublishAlias: live
      UseAliasAsEventTarget: true
      Events:
        Daily: {Type: Schedule, Properties: {Schedule: rate(1 day), Enabled: false}}
"#;

#[test]
fn sam_expands_to_what_it_deploys() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut stack = open(directory.path(), SAM, &[]).expect("a stack");
    let mut kinds = BTreeMap::new();
    let mut properties = BTreeMap::new();
    for id in stack.order().to_vec() {
        let resource = stack.resource(&id).expect("a resource");
        let made = Made::new(format!("ref:{id}"));
        stack.made(
            &id,
            made.with("Arn", format!("arn:{id}"))
                .with("StateMachineRevisionId", "INITIAL"),
        );
        // SAM hashes the definition into the version's id.
        let id = if id.starts_with("MachineVersion") {
            "MachineVersion".to_owned()
        } else {
            id
        };
        kinds.insert(id.clone(), resource.kind);
        properties.insert(id, Value::Object(resource.properties));
    }
    let kinds: Vec<(&str, &str)> = kinds.iter().map(|(id, kind)| (id.as_str(), kind.as_str())).collect();
    assert_eq!(
        kinds,
        [
            ("Machine", "AWS::StepFunctions::StateMachine"),
            ("MachineAliaslive", "AWS::StepFunctions::StateMachineAlias"),
            ("MachineDaily", "AWS::Events::Rule"),
            ("MachineDailyRole", "AWS::IAM::Role"),
            ("MachineRole", "AWS::IAM::Role"),
            ("MachineVersion", "AWS::StepFunctions::StateMachineVersion"),
            ("Work", "AWS::Lambda::Function"),
            ("WorkEventInvokeConfig", "AWS::Lambda::EventInvokeConfig"),
            ("WorkPushed", "AWS::Events::Rule"),
            ("WorkPushedPermission", "AWS::Lambda::Permission"),
            ("WorkRole", "AWS::IAM::Role"),
        ]
    );
    let of = |id: &str, pointer: &str| properties[id].pointer(pointer).cloned().unwrap_or_default();
    for (id, pointer, expected) in [
        ("Work", "/Runtime", json!("provided.al2023")),
        ("Work", "/MemorySize", json!(256)),
        ("Work", "/Tags/0", json!({"Key": "team", "Value": "ml"})),
        ("Work", "/Code/LocalBinary", json!("work")),
        ("Work", "/Role", json!("arn:WorkRole")),
        (
            "WorkRole",
            "/ManagedPolicyArns",
            json!(["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]),
        ),
        (
            "WorkRole",
            "/Policies/0/PolicyDocument/Statement/0/Resource/0",
            json!("arn:aws:sqs:us-east-1:123456789012:failed"),
        ),
        (
            "WorkRole",
            "/Policies/1/PolicyDocument/Statement/0/Action",
            json!("s3:*"),
        ),
        (
            "WorkEventInvokeConfig",
            "/DestinationConfig/OnFailure/Destination",
            json!("arn:queue"),
        ),
        ("WorkPushed", "/Targets/0/Arn", json!("arn:Work")),
        ("WorkPushedPermission", "/SourceArn", json!("arn:WorkPushed")),
        ("WorkPushedPermission", "/Principal", json!("events.amazonaws.com")),
        ("MachineDaily", "/State", json!("DISABLED")),
        ("MachineDaily", "/Targets/0/Arn", json!("ref:MachineAliaslive")),
        ("MachineDaily", "/Targets/0/RoleArn", json!("arn:MachineDailyRole")),
        (
            "MachineRole",
            "/Policies/0/PolicyDocument/Statement/0/Resource/0",
            json!("arn:aws:lambda:us-east-1:123456789012:function:ref:Work*"),
        ),
        (
            "MachineDailyRole",
            "/Policies/0/PolicyDocument/Statement/0/Resource",
            json!("ref:MachineAliaslive"),
        ),
        ("MachineRole", "/PermissionsBoundary", json!("arn:boundary")),
        // SAM hands it on to the roles of the state machine's events.
        ("MachineDailyRole", "/PermissionsBoundary", json!("arn:boundary")),
        ("WorkRole", "/PermissionsBoundary", json!(null)),
        ("MachineVersion", "/StateMachineRevisionId", json!("INITIAL")),
    ] {
        assert_eq!(of(id, pointer), expected, "{id}{pointer}");
    }
}

#[test]
fn sam_publishes_a_function_and_has_its_events_lead_to_the_alias() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = SAM.replacen("FunctionName: work", "AutoPublishAlias: live", 1);
    let text =
        format!("{text}Outputs:\n  Alias: {{Value: !Ref Work.Alias}}\n  Version: {{Value: !Ref Work.Version}}\n");
    let mut stack = open(directory.path(), &text, &[]).expect("a stack");
    let mut properties = BTreeMap::new();
    for id in stack.order().to_vec() {
        let resource = stack.resource(&id).expect("a resource");
        let made = Made::new(format!("ref:{}", resource.kind)).with("Arn", format!("arn:{id}"));
        stack.made(&id, made.with("Version", "1").with("StateMachineRevisionId", "INITIAL"));
        properties.insert(id, Value::Object(resource.properties));
    }
    for (id, pointer, expected) in [
        ("WorkAliaslive", "/FunctionName", "ref:AWS::Lambda::Function"),
        ("WorkAliaslive", "/FunctionVersion", "1"),
        ("WorkAliaslive", "/Name", "live"),
        ("WorkPushed", "/Targets/0/Arn", "ref:AWS::Lambda::Alias"),
        ("WorkPushedPermission", "/FunctionName", "ref:AWS::Lambda::Alias"),
        ("WorkEventInvokeConfig", "/Qualifier", "live"),
    ] {
        assert_eq!(properties[id].pointer(pointer), Some(&json!(expected)), "{id}{pointer}");
    }
    let outputs = stack.outputs().expect("outputs");
    let outputs: Vec<&str> = outputs.iter().map(|output| output.value.as_str()).collect();
    assert_eq!(outputs, ["ref:AWS::Lambda::Alias", "ref:AWS::Lambda::Version"]);
}

#[test]
fn sam_lets_a_function_into_its_vpc() {
    let directory = tempfile::tempdir().expect("a directory");
    let vpc = "VpcConfig: {SubnetIds: [s], SecurityGroupIds: [g]}";
    let text = SAM.replacen("FunctionName: work", vpc, 1);
    let mut stack = open(directory.path(), &text, &[]).expect("a stack");
    let role = stack.resource("WorkRole").expect("a role");
    let managed = ["AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole"];
    let managed = managed.map(|name| format!("arn:aws:iam::aws:policy/service-role/{name}"));
    assert_eq!(role.properties["ManagedPolicyArns"], json!(managed));
}

#[test]
fn sam_properties_that_nobody_reads_are_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    for (from, to, expected) in [
        (
            "FunctionName: work",
            "FunctionNme: work",
            "a function has no `FunctionNme`",
        ),
        ("Pattern:", "Patern:", "an event has no `Patern`"),
        ("Function: {Runtime", "Api: 1\n  Function: {Runtime", "must be a map"),
        ("Enabled: false", "Enabled: !Ref X", "must be true or false"),
        (
            "Enabled: false",
            "Enabled: false, RoleArn: !GetAtt WorkRole.Arn",
            "Property 'RoleArn' should be a string.",
        ),
        ("{Pattern:", "{RoleArn: 'arn:r', Pattern:", "an event has no `RoleArn`"),
    ] {
        let text = SAM.replacen(from, to, 1);
        let error = open(directory.path(), &text, &[]).map(|_| ()).expect_err(expected);
        assert!(error.contains(expected), "{from}: {error}");
    }
}

#[test]
fn what_the_local_run_lacks_of_sam_is_passed_over() {
    let directory = tempfile::tempdir().expect("a directory");
    for (from, to, expected) in [
        (
            "FunctionName: work",
            "FileSystemConfigs: {}",
            "Resources/Work/Properties/FileSystemConfigs: a function has no `FileSystemConfigs` in the local run",
        ),
        (
            "Type: EventBridgeRule",
            "Type: Api",
            "Properties/Events/Pushed: the local run has no events of type `Api`",
        ),
        (
            "SQSSendMessagePolicy",
            "EFSWriteAccessPolicy",
            "EFSWriteAccessPolicy: is not a policy template that the local run has",
        ),
    ] {
        let text = SAM.replacen(from, to, 1);
        let stack = open(directory.path(), &text, &[]).expect(expected);
        let shown = passed_over(&stack);
        assert!(
            matches!(&*shown, [only] if only.ends_with(expected)),
            "{from}: {shown:?}"
        );
        // The function itself is there.
        assert!(stack.order().iter().any(|id| id == "Work"), "{from}");
    }
}

#[test]
fn what_nests_too_deep_is_refused() {
    let flow = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for deep in [flow, "- ".repeat(100_000), "!If ".repeat(100_000), "? ".repeat(100_000)] {
        assert!(property(&deep, "").is_err());
    }
    let fine = format!("{}{}", "[".repeat(40), "]".repeat(40));
    assert!(property(&fine, "").is_ok());
}
