//! A repository that has a container, and perhaps a definition, and no chain: what `init` writes around them, and that it runs.

use crate::world::Repository;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// A program that needs nothing.
const CONTAINER: &[(&str, &str)] = &[
    (
        "jobs/Dockerfile",
        "FROM python:3.14\nCOPY job.py /opt/program/job.py\nENTRYPOINT [\"python3\", \"/opt/program/job.py\"]\n",
    ),
    ("jobs/job.py", "print('the job of the team runs')\n"),
];

/// A definition with substitutions: one of ours, the role of a job, and one that only the team knows.
const DEFINITION: &str = r#"{
  "StartAt": "Note",
  "States": {
    "Note": {
      "Type": "Task",
      "Resource": "arn:${Partition}:states:::aws-sdk:ssm:putParameter",
      "Parameters": {"Name": "${Note}", "Type": "String", "Value.$": "$.image.uri", "Overwrite": true},
      "ResultPath": null,
      "Next": "Job"
    },
    "Job": {
      "Type": "Task",
      "Resource": "arn:${Partition}:states:::sagemaker:createProcessingJob.sync",
      "Parameters": {
        "RoleArn": "${JobRole}",
        "ProcessingJobName.$": "$$.Execution.Name",
        "AppSpecification": {"ImageUri.$": "$.image.uri"},
        "ProcessingResources": {
          "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 10}
        }
      },
      "End": true
    }
  }
}
"#;

const RUN: &[&str] = &["run", "--containers", "process", "--page-port", "0"];

fn succeeds(repository: &Repository, arguments: &[&str], parts: &[&str]) -> String {
    let (code, said) = repository.stepline(arguments);
    assert_eq!(code, 0, "{arguments:?}: {said}");
    for part in parts {
        assert!(said.contains(part), "{arguments:?}: {part}:\n{said}");
    }
    said
}

#[test]
fn a_container_gets_a_chain_that_runs_it() {
    let repository = Repository::of(CONTAINER);
    let init = ["init", "--repository", "team/models", "--region", "eu-west-1"];
    let said = succeeds(
        &repository,
        &init,
        &[
            "wrote  sam/template.yaml",
            "wrote  sam/pipeline.yaml",
            "wrote  sam/samconfig.toml",
            "wrote  config/buildspec.yml",
            "wrote  statemachine/ml-pipeline.asl.json",
            "wrote  .github/workflows/deploy.yml",
            "stepline run\n",
            "sam/deploy dev",
        ],
    );
    assert!(!said.contains("jobs/Dockerfile"), "{said}");
    let configured = repository.read("sam/samconfig.toml");
    for part in ["region = \"eu-west-1\"", "Repository=team/models", "Branch=main"] {
        assert!(configured.contains(part), "{part}:\n{configured}");
    }
    // What is not here is not spoken of.
    for file in [
        "sam/template.yaml",
        "sam/samconfig.toml",
        ".github/workflows/deploy.yml",
    ] {
        let text = repository.read(file);
        for absent in ["raining", "erving", "\"sam/deploy deployer", "OWNER", "us-east-1"] {
            let lines: Vec<&str> = text.lines().filter(|line| line.contains(absent)).collect();
            assert!(lines.is_empty(), "{file}: {absent}: {lines:?}");
        }
    }
    succeeds(&repository, &["check"], &["2 environments checked"]);
    succeeds(
        &repository,
        RUN,
        &[
            "the job of the team runs",
            "State RunContainer (Task): succeeded",
            "Succeeded: pipeline stepline-dev",
        ],
    );
    let said = succeeds(&repository, &init, &["kept   stepline.toml"]);
    assert!(!said.contains("wrote"), "{said}");
}

#[test]
fn a_definition_gets_a_template_with_what_it_needs() {
    let repository = Repository::of(&[CONTAINER, &[("flows/train.asl.json", DEFINITION)]].concat());
    repository.write(".gitignore", "mine\n");
    let init = [
        "init",
        "--repository",
        "team/models",
        "--environment",
        "try=develop",
        "--environment",
        "live=main",
    ];
    let (code, said) = repository.stepline(&init);
    assert_eq!(code, 2, "{said}");
    let missing =
        "Value of ${Note} in flows/train.asl.json (it may name ${Environment}): give it with --substitution Note=VALUE";
    assert!(said.contains(missing), "{said}");
    assert!(!repository.root().join("sam").exists(), "nothing is written");

    let said = succeeds(
        &repository,
        &[&init[..], &["--substitution", "Note=/team/${Environment}/image"]].concat(),
        &["kept   .gitignore", "stepline run --env try", "sam/deploy try"],
    );
    assert!(!said.contains("asl.json"), "{said}");
    assert_eq!(repository.read(".gitignore"), "mine\n");
    let template = repository.read("sam/template.yaml");
    for part in [
        "DefinitionUri: ../flows/train.asl.json\n",
        "        Note: !Sub \"/team/${Environment}/image\"\n",
        "        JobRole: !GetAtt ProcessingJobRole.Arn\n",
        "ssm:PutParameter]\n",
        "Action: iam:PassRole\n                Resource: !Sub \"arn:${AWS::Partition}:iam::${AWS::AccountId}:role/ml-pipeline-job-",
        "AllowedValues: [try, live]",
    ] {
        assert!(template.contains(part), "{part}:\n{template}");
    }
    for absent in ["ScanLevel", "InstanceType", "\"dev\"", "raining"] {
        let lines: Vec<&str> = template.lines().filter(|line| line.contains(absent)).collect();
        let lines: Vec<&&str> = lines.iter().filter(|line| !line.contains("/aws/sagemaker/")).collect();
        assert!(lines.is_empty(), "{absent}: {lines:?}");
    }
    let workflow = repository.read(".github/workflows/deploy.yml");
    for part in [
        "branches: [develop, main]",
        "&& 'live' || 'try'",
        "flows/train.asl.json",
    ] {
        assert!(workflow.contains(part), "{part}:\n{workflow}");
    }
    succeeds(&repository, &["check"], &["1 definition and 2 environments checked"]);
    let run = [RUN, &["--env", "try"]].concat();
    succeeds(
        &repository,
        &run,
        &["the job of the team runs", "Succeeded: pipeline stepline-try"],
    );
}

#[test]
fn nothing_at_all_gets_a_container_too() {
    let repository = Repository::of(&[("notes.txt", "")]);
    let init = ["init", "--repository", "team/models"];
    succeeds(
        &repository,
        &init,
        &["wrote  container/Dockerfile", "wrote  container/hello.py"],
    );
    succeeds(&repository, RUN, &["Hello World!", "Succeeded: pipeline stepline-dev"]);
}

#[test]
fn what_nobody_says_is_an_error_that_names_the_option() {
    let two: &[(&str, &str)] = &[("a/Dockerfile", "FROM x\n"), ("b/Dockerfile", "FROM x\n")];
    let broken: &[(&str, &str)] = &[("Dockerfile", "FROM x\n"), ("a.asl.json", "{\n  \"StartAt\": 1\n}")];
    let named: &[&str] = &["--repository", "team/models"];
    for (files, options, expected) in [
        (
            CONTAINER,
            &[][..],
            "Repository on GitHub, OWNER/NAME: give it with --repository",
        ),
        (
            CONTAINER,
            &["--repository", "models"],
            "--repository models: `models` must be OWNER/NAME",
        ),
        (
            CONTAINER,
            &[named, &["--region", "europe"]].concat(),
            "must be a region, such as eu-west-1",
        ),
        (
            CONTAINER,
            &[named, &["--environment", "dev=dev"]].concat(),
            "two environments with a branch each",
        ),
        (
            CONTAINER,
            &[named, &["--container", "docker"]].concat(),
            "--container docker: there is no docker/Dockerfile",
        ),
        (
            two,
            named,
            "Dockerfile (a/Dockerfile, b/Dockerfile): give it with --container",
        ),
        (
            CONTAINER,
            &[named, &["--definition", "a.asl.json"]].concat(),
            "--definition a.asl.json: there is no such file",
        ),
        (broken, named, "--definition a.asl.json: "),
        (
            &[CONTAINER, &[("a.asl.json", DEFINITION)]].concat(),
            &[named, &["--substitution", "Not=1"]].concat(),
            "a.asl.json has no `${Not}`",
        ),
    ] {
        let repository = Repository::of(files);
        let (code, said) = repository.stepline(&[&["init"], options].concat());
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(expected), "{expected}:\n{said}");
        assert!(!repository.root().join("sam").exists(), "nothing is written");
    }
}

/// Plays a terminal: gives each answer when its question has come.
const TERMINAL: &str = r#"
import os, pty, sys
stepline, *answers = sys.argv[1:]
child, terminal = pty.fork()
if child == 0:
    os.execv(stepline, [stepline, "init"])
said = b""
while True:
    try:
        read = os.read(terminal, 4096)
    except OSError:
        read = b""
    if not read:
        break
    said += read
    if answers and said.rstrip(b" ").endswith(b":"):
        os.write(terminal, answers.pop(0).encode() + b"\n")
sys.stdout.buffer.write(said)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

#[test]
fn a_terminal_is_asked() {
    let repository = Repository::of(&[CONTAINER, &[("flows/train.asl.json", DEFINITION)]].concat());
    let mut terminal = Command::new("python3");
    let answers = ["Ireland", "eu-west-1", "team/models", "", "/note"];
    terminal.args(["-", env!("CARGO_BIN_EXE_stepline")]).args(answers);
    terminal
        .current_dir(repository.root())
        .env_remove("CARGO_MANIFEST_DIR")
        .env_remove("AWS_REGION");
    let mut running = terminal
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3");
    running
        .stdin
        .take()
        .expect("a pipe")
        .write_all(TERMINAL.as_bytes())
        .expect("a script");
    let output = running.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    for part in [
        "Region of AWS [us-east-1]: ",
        "`Ireland` must be a region, such as eu-west-1",
        "Repository on GitHub, OWNER/NAME: ",
        "Environments with their branches, the one in production last [dev=dev prod=main]: ",
        "Value of ${Note} in flows/train.asl.json (it may name ${Environment}): ",
        "wrote  sam/template.yaml",
    ] {
        assert!(said.contains(part), "{part}:\n{said}");
    }
    assert!(repository.read("sam/samconfig.toml").contains("region = \"eu-west-1\""));
    assert!(repository.read("sam/template.yaml").contains("        Note: /note\n"));
}
