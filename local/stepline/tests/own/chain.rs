//! A chain as a team had it before: a template, a definition, a build with keys in Parameter Store, and a pipeline by hand
//! with CodePipeline's own action for Step Functions.

use crate::world::Repository;

const SAMCONFIG: &str =
    "version = 0.1\n[default.deploy.parameters]\nstack_name = \"dev-chain\"\nregion = \"eu-central-1\"\n";

const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Parameters:
  ExecutionRole: {Type: String, Default: "arn:aws:iam::111122223333:role/ChainExecutionRole"}
  Image: {Type: String, Default: "111122223333.dkr.ecr.eu-central-1.amazonaws.com/chain-images:latest"}
Resources:
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: dev-chain
      DefinitionUri: ../../statemachine/chain.asl.json
      DefinitionSubstitutions: {JobRole: !Ref ExecutionRole, JobImage: !Ref Image, Hours: "3600"}
      Role: !Ref ExecutionRole
      Events: {Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day), Enabled: false}}}
"#;

const DEFINITION: &str = r#"{
  "StartAt": "Job",
  "States": {
    "Job": {
      "Type": "Task",
      "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
      "TimeoutSeconds": ${Hours},
      "Parameters": {
        "RoleArn": "${JobRole}",
        "ProcessingJobName.$": "$$.Execution.Name",
        "AppSpecification": {"ImageUri": "${JobImage}", "ContainerEntrypoint": ["python3", "/opt/program/job.py"]},
        "ProcessingResources": {
          "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 10}
        }
      },
      "End": true
    }
  }
}
"#;

pub(crate) const BUILDSPEC: &str = r"version: 0.2
env:
  variables:
    REPOSITORY_NAME: chain-images
    REGION: eu-central-1
  parameter-store:
    AWS_ACCOUNT_ID: /chain/AWS_ACCOUNT_ID
    AWS_ACCESS_KEY_ID: /chain/AWS_ACCESS_KEY_ID
    AWS_SECRET_ACCESS_KEY: /chain/AWS_SECRET_ACCESS_KEY
phases:
  build:
    commands:
      - REPOSITORY_URI=$AWS_ACCOUNT_ID.dkr.ecr.$REGION.amazonaws.com
      - aws ecr get-login-password --region $REGION | docker login --username AWS --password-stdin $REPOSITORY_URI
      - docker build -t $REPOSITORY_URI/$REPOSITORY_NAME:latest container
      - docker push $REPOSITORY_URI/$REPOSITORY_NAME:latest
";

const PIPELINE: &str = r#"{
  "name": "chain",
  "roleArn": "arn:aws:iam::111122223333:role/service-role/chain-pipeline",
  "artifactStore": {"type": "S3", "location": "chain-artifacts"},
  "stages": [
    {"name": "Source", "actions": [{"name": "Source", "runOrder": 1, "region": "eu-central-1", "inputArtifacts": [],
      "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "CodeStarSourceConnection", "version": "1"},
      "configuration": {"BranchName": "dev", "FullRepositoryId": "team/chain", "OutputArtifactFormat": "CODE_ZIP",
        "ConnectionArn": "arn:aws:codestar-connections:eu-central-1:111122223333:connection/0a1b2c3d"},
      "outputArtifacts": [{"name": "SourceArtifact"}]}]},
    {"name": "Build", "actions": [{"name": "Build", "runOrder": 1, "region": "eu-central-1",
      "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
      "configuration": {"ProjectName": "chain-build"}, "namespace": "BuildVariables",
      "inputArtifacts": [{"name": "SourceArtifact"}], "outputArtifacts": [{"name": "BuildArtifact"}]}]},
    {"name": "Execute", "actions": [{"name": "Execute", "runOrder": 1, "region": "eu-central-1",
      "actionTypeId": {"category": "Invoke", "owner": "AWS", "provider": "StepFunctions", "version": "1"},
      "configuration": {"StateMachineArn": "arn:aws:states:eu-central-1:111122223333:stateMachine:dev-chain"},
      "inputArtifacts": [{"name": "BuildArtifact"}], "outputArtifacts": [{"name": "ExecutionArtifact"}]}]}
  ],
  "version": 2
}
"#;

pub(crate) fn repository() -> Repository {
    Repository::of(&[
        ("sam/env/dev/samconfig.toml", SAMCONFIG),
        ("sam/env/dev/template.yaml", TEMPLATE),
        ("sam/statemachine/chain.asl.json", DEFINITION),
        ("config/buildspec.yml", BUILDSPEC),
        ("config/dev-pipeline.json", PIPELINE),
        (
            "container/Dockerfile",
            "FROM python:3.8\nRUN apt-get -y update\nCOPY job.py /opt/program/job.py\nCMD [\"python3\"]\n",
        ),
        ("container/job.py", "print('the job runs')\n"),
    ])
}

#[test]
fn a_chain_runs_with_what_init_writes_and_nothing_else() {
    let repository = repository();
    let (code, said) = repository.stepline(&["check"]);
    assert_eq!(code, 1, "{said}");
    let (code, said) = repository.stepline(&["init"]);
    assert_eq!(code, 0, "{said}");
    for file in ["stepline.toml", "stepline/existing.yaml"] {
        assert!(said.contains(&format!("wrote  {file}")), "{said}");
    }
    let existing = repository.read("stepline/existing.yaml");
    for part in [
        "RoleName: ChainExecutionRole",
        "Service: [sagemaker.amazonaws.com, states.amazonaws.com]",
        "Path: /service-role/",
        "BucketName: chain-artifacts",
        "RepositoryName: chain-images",
        "BuildSpec: config/buildspec.yml",
        "Name: /chain/AWS_SECRET_ACCESS_KEY",
        "sagemaker:CreateProcessingJob",
    ] {
        assert!(existing.contains(part), "{part}:\n{existing}");
    }
    let (code, said) = repository.stepline(&["check"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = repository.stepline(&["cost"]);
    assert_eq!(code, 0, "{said}");
    for part in ["$", "ml.t3.medium", "10080 minutes"] {
        assert!(said.contains(part), "{part}:\n{said}");
    }
    let (code, said) = repository.stepline(&["run", "--containers", "process", "--page-port", "0"]);
    assert_eq!(code, 0, "{said}");
    for part in [
        // One line for what the build could not do.
        "Note: chain-build: container/Dockerfile:2: RUN apt-get -y update: skipped: of RUN only pip install is done without an engine",
        "the job runs",
        "Action Execute: Succeeded",
        "Succeeded: pipeline chain",
    ] {
        assert!(said.contains(part), "{part}:\n{said}");
    }
    // What it leaves is nothing of the repository's.
    let kept = std::fs::read_dir(repository.root()).expect("the folder").count();
    assert_eq!(kept, 6, "sam, config, container, stepline, stepline.toml and .stepline");
    assert_eq!(repository.read(".stepline/.gitignore"), "*\n");
}

#[test]
fn nothing_is_written_over() {
    let repository = repository();
    repository.write("stepline/existing.yaml", "# mine\n");
    let (code, said) = repository.stepline(&["init"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("kept   stepline/existing.yaml"), "{said}");
    assert_eq!(repository.read("stepline/existing.yaml"), "# mine\n");
    let before = repository.read("stepline.toml");
    let (code, said) = repository.stepline(&["init", "--region", "us-west-2"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(repository.read("stepline.toml"), before, "{said}");
}
