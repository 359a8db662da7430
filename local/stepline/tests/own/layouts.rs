//! What is found in repositories of any layout.

use crate::world::Repository;
use stepline::project::{Overrides, Project};

const TEMPLATE: &str = "Parameters: {Size: {Type: String, Default: s}}\nResources: {Q: {Type: AWS::SQS::Queue}}\n";
const PIPELINE: &str = r#"{"pipeline": {"name": "team-dev", "roleArn": "arn:aws:iam::111122223333:role/pipeline",
    "artifactStore": {"type": "S3", "location": "artifacts"}, "version": 3,
    "stages": [{"name": "Source", "actions": [{"name": "Source", "region": "eu-west-1",
        "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"}}]}]},
    "metadata": {}}"#;

/// What is found: of each environment its account and region, its stacks with their templates, and its pipelines.
fn found(files: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let repository = Repository::of(files);
    let root = repository.root();
    let shown = |error: &dyn std::fmt::Display| error.to_string().replace(&root.display().to_string(), "ROOT");
    let project = Project::open(&root).map_err(|error| shown(&error))?;
    let mut environments = Vec::new();
    for name in project.environments() {
        let account = project.account(name).map_err(|error| shown(&error))?;
        let plan = project.plan(name, &account, &Overrides::default());
        let plan = plan.map_err(|error| shown(&error))?;
        let below = |path: &std::path::Path| path.strip_prefix(&root).unwrap_or(path).display().to_string();
        let stacks = plan.account.iter().chain(&plan.before).chain(&plan.stacks);
        let stacks: Vec<String> = stacks
            .map(|stack| format!("{}={}", stack.stack, below(&stack.template)))
            .collect();
        let pipelines: Vec<String> = plan.pipelines.iter().map(|file| below(file)).collect();
        environments.push(format!(
            "{name} {} {}: {} | {}",
            account.id,
            account.region,
            stacks.join(" "),
            pipelines.join(" ")
        ));
    }
    Ok(environments)
}

#[test]
fn environments_are_found_from_the_files_themselves() {
    let default = "[default.deploy.parameters]\nstack_name = \"team\"\nregion = \"ap-northeast-1\"\n";
    for (files, expected) in [
        // One file for each environment, as SAM's own default section has it.
        (
            vec![
                ("sam/env/dev/samconfig.toml", default),
                ("sam/env/dev/template.yaml", TEMPLATE),
                ("sam/env/prod/samconfig.toml", default),
                ("sam/env/prod/template.yml", TEMPLATE),
                ("config/dev-pipeline.json", PIPELINE),
            ],
            vec![
                "dev 111122223333 ap-northeast-1: team=sam/env/dev/template.yaml | config/dev-pipeline.json",
                "prod 123456789012 ap-northeast-1: team=sam/env/prod/template.yml | ",
            ],
        ),
        (
            vec![("samconfig.toml", default), ("template.yaml", TEMPLATE)],
            vec!["default 123456789012 ap-northeast-1: team=template.yaml | "],
        ),
        (
            vec![
                (
                    "samconfig.yaml",
                    "version: 0.1\ndev:\n  deploy:\n    parameters:\n      stack_name: one\n      template: app/t.yaml\nprod:\n  global:\n    parameters:\n      stack_name: two\n      template_file: app/t.yaml\n",
                ),
                ("app/t.yaml", TEMPLATE),
            ],
            vec![
                "dev 123456789012 us-east-1: one=app/t.yaml | ",
                "prod 123456789012 us-east-1: two=app/t.yaml | ",
            ],
        ),
        // No configuration at all: one template, or one that nests the others.
        (
            vec![
                ("my_app/template.yaml", TEMPLATE),
                ("node_modules/x/template.yaml", TEMPLATE),
            ],
            vec!["dev 123456789012 us-east-1: my-app=my_app/template.yaml | "],
        ),
        (
            vec![
                (
                    "app/outer.yaml",
                    "Resources: {N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: inner.yaml}}}\n",
                ),
                ("app/inner.yaml", TEMPLATE),
            ],
            vec!["dev 123456789012 us-east-1: app=app/outer.yaml | "],
        ),
        (
            vec![("pipeline.json", PIPELINE)],
            vec!["dev 111122223333 eu-west-1:  | pipeline.json"],
        ),
        // What stepline.toml names, and no more.
        (
            vec![
                (
                    "stepline.toml",
                    concat!(
                        "account = \"999988887777\"\nregion = \"eu-north-1\"\n[environments.test]\n",
                        "existing = [\"stepline/existing.yaml\"]\n",
                        "stacks = [\"a/samconfig.toml\", { config = \"a/samconfig.toml\", section = \"b\" }, ",
                        "{ template = \"t.yaml\", name = \"queues\", parameters = { Size = \"1\" } }]\n",
                        "pipelines = [\"pipeline.json\"]\n",
                    ),
                ),
                ("stepline/existing.yaml", TEMPLATE),
                ("a/template.yaml", TEMPLATE),
                (
                    "a/samconfig.toml",
                    "[default.deploy.parameters]\nstack_name = \"one\"\n[b.deploy.parameters]\nstack_name = \"two\"\n",
                ),
                ("t.yaml", TEMPLATE),
                ("pipeline.json", PIPELINE),
            ],
            vec![
                "test 999988887777 eu-north-1: stepline-existing=stepline/existing.yaml one=a/template.yaml two=a/template.yaml queues=t.yaml | pipeline.json",
            ],
        ),
    ] {
        let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(found(&files), Ok(expected), "{files:?}");
    }
}

#[test]
fn what_cannot_be_found_is_said_with_its_mend() {
    for (files, expected) in [
        (
            vec![("a.yaml", TEMPLATE), ("b.yaml", TEMPLATE)],
            "has several templates and no samconfig.toml: a.yaml, b.yaml. Name those of an environment in stepline.toml",
        ),
        (vec![("stepline.toml", "acount = \"1\"\n")], "unknown field `acount`"),
        (vec![("stepline.toml", "account = \"1\"\n")], "must be twelve digits"),
        (
            vec![("stepline.toml", "[environments.dev]\nstacks = [\"absent.toml\"]\n")],
            "environments.dev: there is no file `absent.toml`",
        ),
    ] {
        let error = found(&files).expect_err(expected);
        assert!(error.contains(expected), "{files:?}: {error}");
    }
    // What is wrong in a template is said when it is read.
    let broken = "AWSTemplateFormatVersion: x\nResources: {Q: {Type: AWS::SQS::Queue\n";
    let (code, said) = Repository::of(&[("template.yaml", broken)]).stepline(&["check"]);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("template.yaml:3:1: did not find expected ',' or '}'"),
        "{said}"
    );
    let repository = Repository::of(&[("notes.txt", "")]);
    for arguments in [["check"], ["run"]] {
        let (code, said) = repository.stepline(&arguments);
        assert_eq!(code, 2, "{said}");
        assert!(
            said.contains("nothing that deploys is in") && said.contains("stepline init"),
            "{said}"
        );
    }
}

#[test]
fn an_environment_is_the_one_that_is_meant() {
    let section = |name: &str| format!("[{name}.deploy.parameters]\nstack_name = \"{name}\"\ntemplate = \"t.yaml\"\n");
    for (sections, asked, expected) in [
        (vec!["staging"], None, Ok("staging")),
        (vec!["dev", "staging"], None, Ok("dev")),
        (vec!["dev", "staging"], Some("staging"), Ok("staging")),
        (
            vec!["live", "staging"],
            None,
            Err("there is no environment `dev`: there are live and staging"),
        ),
        (
            vec!["live"],
            Some("dev"),
            Err("there is no environment `dev`: there is live"),
        ),
    ] {
        let config: String = sections.iter().map(|name| section(name)).collect();
        let repository = Repository::of(&[("samconfig.toml", &config), ("t.yaml", TEMPLATE)]);
        let project = Project::open(&repository.root()).expect("a project");
        let meant = project.environment(asked).map_err(|error| error.to_string());
        assert_eq!(
            meant,
            expected.map(str::to_owned).map_err(str::to_owned),
            "{sections:?}"
        );
    }
}

#[test]
fn what_knows_one_layout_says_so() {
    let repository = Repository::of(&[("app/template.yaml", TEMPLATE)]);
    for (arguments, expected) in [
        (
            vec!["doctor"],
            "has no such file: `check` says what can be said of any layout",
        ),
        (vec!["cost", "--renew"], "prices are renewed in a clone of Stepline"),
    ] {
        let (code, said) = repository.stepline(&arguments);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let (code, said) = repository.stepline(&["cost"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the environment `dev` has no pipeline"), "{said}");
}

#[test]
fn a_pipeline_that_only_aws_can_run_stops_nothing_else() {
    let machine = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "played", "End": true}}}"#;
    let elsewhere = PIPELINE
        .replace("\"S3\", \"version\"", "\"CodeCommit\", \"version\"")
        .replace(
            "}]}]},",
            r#"}]}, {"name": "Invoke", "actions": [{"name": "Invoke", "inputArtifacts": [],
        "actionTypeId": {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"}}]}]},"#,
        );
    let template = format!(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  Machine:\n    Type: AWS::Serverless::StateMachine\n    \
         Properties: {{Definition: {machine}}}\n"
    );
    let repository = Repository::of(&[("pipeline.json", &elsewhere), ("template.yaml", &template)]);
    let absent = "pipeline.json: Pipeline `team-dev`: action `Source` in stage `Source`: the local run has no provider `CodeCommit`";
    let (code, said) = repository.stepline(&["check"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(&format!("dev: note: {absent}")), "{said}");
    let (code, said) = repository.stepline(&["run", "--containers", "process", "--page-port", "0"]);
    assert_eq!(code, 0, "{said}");
    for part in [&format!("passed over: {absent}"), "played"] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn nested_templates_are_deployed_and_looked_into() {
    let outer =
        "Resources:\n  Flow:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: flow/inner.yaml}\n";
    let inner = "Transform: AWS::Serverless-2016-10-31\nResources:\n  Machine:\n    Type: AWS::Serverless::StateMachine\n    \
                 Properties: {DefinitionUri: steps.json}\nOutputs: {Arn: {Value: !Ref Machine}}\n";
    let machine = |resource: &str| {
        format!(
            "{{\"StartAt\": \"A\", \"States\": {{\n\"A\": {{\"Type\": \"Task\",\n\"Resource\": \"{resource}\", \"End\": true}}}}}}"
        )
    };
    let of = |steps: &str| {
        Repository::of(&[
            ("template.yaml", outer),
            ("flow/inner.yaml", inner),
            ("flow/steps.json", steps),
        ])
    };
    let (code, said) = of(&machine("arn:aws:states:::aws-sdk:sqs:listQueuesOfAll")).stepline(&["check"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("flow/steps.json:3:"), "{said}");
    let repository = of(r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "played", "End": true}}}"#);
    let (code, said) = repository.stepline(&["check"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("1 definition and 1 environment checked"), "{said}");
    let (code, said) = repository.stepline(&["run", "--containers", "process", "--page-port", "0"]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("played") && !said.contains("Building the functions"),
        "{said}"
    );
    let broken = Repository::of(&[
        ("template.yaml", outer),
        ("flow/inner.yaml", "Resources: {Q: {Type: AWS::SQS::Queue, Nope: 1}}\n"),
    ]);
    let (code, said) = broken.stepline(&["check"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("flow/inner.yaml:1:"), "{said}");
}
