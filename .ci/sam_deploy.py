"""The templates of this repository, deployed with the SAM CLI against the local services: made, made again without a change,
changed in one resource, taken back where a change fails, and removed. Then a template that nests two others.

    python3 .ci/sam_deploy.py FOLDER

The services must be up and exported. FOLDER is for what is written meanwhile.
"""

import os
import subprocess
import sys
from pathlib import Path

import boto3

FOLDER = Path(sys.argv[1])
FOLDER.mkdir(parents=True, exist_ok=True)
CONFIGURATION = Path("sam/samconfig.toml").resolve()
cloudformation = boto3.client("cloudformation")


def sam(command, environment, *options):
    """What a command of SAM for an environment of samconfig.toml has said, and whether it has succeeded."""
    line = ["sam", command, "--config-file", CONFIGURATION, "--config-env", environment, *options]
    done = subprocess.run(line, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
    return done.stdout + done.stderr, done.returncode == 0


def stack(name):
    return cloudformation.describe_stacks(StackName=name)["Stacks"][0]


def deploy(environment, template, name, expected):
    """Deploys, compares the status of the stack, and gives what was said and how many resources have changed."""
    said, succeeded = sam("deploy", environment, "--template-file", template)
    status = stack(name)["StackStatus"]
    assert status == expected and succeeded != ("ROLLBACK" in expected), f"{environment} is {status}:\n{said}"
    change_set = cloudformation.describe_change_set(ChangeSetName=stack(name)["ChangeSetId"])
    changes = [change["ResourceChange"] for change in change_set["Changes"]]
    print(f"{environment}: {status}, {len(changes)} changed", flush=True)
    return said, changes


def with_resource(packaged, properties):
    """A packaged template with one more resource."""
    resource = f"\nResources:\n  Added:\n    Type: AWS::SQS::Queue\n    Properties: {properties}\n"
    changed = FOLDER / "changed.yaml"
    changed.write_text(packaged.read_text().replace("\nResources:\n", resource, 1))
    return changed


# What a team brings: the stacks of an environment that the local services have not deployed by themselves.
STACKS = {
    "prod": ("sam/template.yaml", "stepline-prod"),
    "pipeline-prod": ("sam/pipeline.yaml", "stepline-pipeline-prod"),
    "serving-prod": ("sam/serving.yaml", "stepline-serving-prod"),
}

for environment, (template, name) in STACKS.items():
    deploy(environment, template, name, "CREATE_COMPLETE")
    said, succeeded = sam("deploy", environment, "--template-file", template)
    assert succeeded and "No changes to deploy" in said, said
    packaged = FOLDER / f"{environment}.yaml"
    said, succeeded = sam("package", environment, "--template-file", template, "--output-template-file", packaged,
                          "--resolve-s3", "--s3-prefix", name)
    assert succeeded, said
    changed = with_resource(packaged, "{DelaySeconds: 1}")
    _, changes = deploy(environment, changed, name, "UPDATE_COMPLETE")
    assert [(change["Action"], change["LogicalResourceId"]) for change in changes] == [("Add", "Added")], changes
    # A queue waits for 15 minutes at most.
    failing = with_resource(packaged, "{DelaySeconds: 5000}")
    said, changes = deploy(environment, failing, name, "UPDATE_ROLLBACK_COMPLETE")
    assert "UPDATE_FAILED" in said and len(changes) == 1, said
    changed = with_resource(packaged, "{DelaySeconds: 1}")
    said, succeeded = sam("deploy", environment, "--template-file", changed)
    assert succeeded and "No changes to deploy" in said, said

# What the local services have deployed by themselves is a stack like any other.
said, succeeded = sam("deploy", "deployer", "--template-file", "sam/deployer.yaml", "--no-confirm-changeset")
assert succeeded and stack("stepline-deployer")["StackStatus"] == "UPDATE_COMPLETE", said

for environment, (_, name) in reversed(STACKS.items()):
    said, succeeded = sam("delete", environment, "--stack-name", name, "--no-prompts", "--region", os.environ["AWS_REGION"])
    assert succeeded, said
    try:
        sys.exit(f"{name} is still there: {stack(name)['StackStatus']}")
    except cloudformation.exceptions.ClientError as error:
        assert "does not exist" in str(error), error
    print(f"{environment}: deleted", flush=True)


# A team's own folder, whose root template nests two others: one of them is changed.
def root(delay):
    """Deploys it with this delay of a queue in one of them: what was said, and the statuses of both."""
    inner = (
        "Resources:\n  Q: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: %s}}\n"
        "Outputs: {Name: {Value: !GetAtt Q.QueueName}}\n"
    )
    folder = FOLDER / "nested"
    folder.mkdir(exist_ok=True)
    (folder / "one.yaml").write_text(inner % delay)
    (folder / "two.yaml").write_text(inner % 1)
    (folder / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n"
        "  One: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: one.yaml}}\n"
        "  Two: {Type: 'AWS::Serverless::Application', Properties: {Location: two.yaml}}\n"
        "Outputs: {Name: {Value: !GetAtt Two.Outputs.Name}}\n"
    )
    line = ["sam", "deploy", "--template-file", folder / "template.yaml", "--stack-name", "nested", "--resolve-s3",
            "--capabilities", "CAPABILITY_AUTO_EXPAND"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
    stacks, outer = cloudformation.describe_stacks()["Stacks"], stack("nested")["StackId"]
    below = {each["StackName"].split("-")[1]: each["StackStatus"] for each in stacks if each.get("ParentId") == outer}
    return done.stdout + done.stderr, below


said, below = root(1)
assert below == {"One": "CREATE_COMPLETE", "Two": "CREATE_COMPLETE"}, said
said, below = root(2)
assert below == {"One": "UPDATE_COMPLETE", "Two": "CREATE_COMPLETE"}, said
said, below = root(5000)
assert below == {"One": "UPDATE_ROLLBACK_COMPLETE", "Two": "CREATE_COMPLETE"} and "Embedded stack" in said, said
# `sam delete` takes no template of a nested stack that is at another address than AWS's.
cloudformation.delete_stack(StackName="nested")
cloudformation.get_waiter("stack_delete_complete").wait(StackName="nested", WaiterConfig={"Delay": 1})
left = [each["StackName"] for each in cloudformation.describe_stacks()["Stacks"] if each["StackName"].startswith("nested")]
assert not left, left
print("nested: made, changed, taken back, deleted", flush=True)
