"""One sample event for each function, through `sam local invoke` in a real container, against the local services.

    python3 .ci/sam_local_invoke.py --bridge   # the address at which containers find this machine
    python3 .ci/sam_local_invoke.py FOLDER

The services must be up at that address with their samples (`cargo run -- up --host ADDRESS --samples`) and exported; FOLDER
is what `sam build` made.
`sam local invoke` exits with 0 even where the function failed, so what counts is the answer, and what the services say of
it afterwards.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import docker

if sys.argv[1] == "--bridge":
    # A container that does nothing has the engine make the bridge.
    engine = docker.from_env()
    engine.containers.run("public.ecr.aws/lambda/provided:al2023-x86_64", ["-c", ":"], entrypoint="/bin/sh", remove=True)
    [network] = [network for network in engine.networks.list() if network.name in ("bridge", "podman")]
    print(network.attrs["IPAM"]["Config"][0]["Gateway"])
    sys.exit()

BUILT = Path(sys.argv[1])
ssm, sfn, codepipeline = (boto3.client(name) for name in ("ssm", "stepfunctions", "codepipeline"))


def invoke(resource, event):
    """The function's answer to a sample, and the sample."""
    sample = Path("events") / event
    command = ["sam", "local", "invoke", resource, "--template", BUILT / "template.yaml", "--event", sample]
    command += ["--skip-pull-image", "--parameter-overrides"]
    command += [f"Architecture={BUILT.name}", f"EndpointUrl={os.environ['AWS_ENDPOINT_URL']}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    said = done.stdout.strip()
    print(f"{resource} {event}\n    {said}", flush=True)
    try:
        answer = json.loads(said.splitlines()[-1])
        assert done.returncode == 0 and "errorType" not in answer, answer
    except (IndexError, ValueError, AssertionError):
        sys.exit(f"{resource} did not answer {event} (exit code {done.returncode}):\n{done.stderr}")
    return answer, json.loads(sample.read_text())


def execution_input(arn):
    return json.loads(sfn.describe_execution(executionArn=arn)["input"])


# A value that only these services can have told.
ssm.put_parameter(Name="/ml/dev/instance-type", Value="ml.m5.24xlarge", Overwrite=True)
answer, _ = invoke("ResolveParametersFunction", "resolve-parameters-ml-pipeline.json")
configuration = {"pythonEnv": "development", "instanceType": "ml.m5.24xlarge", "volumeSize": 10}
assert answer == configuration | {"scanLevel": "CRITICAL", "scanAllowed": []}

answer, sample = invoke("ImagePushFunction", "image-push-release.json")
[decision] = answer["decisions"]
assert decision["decision"] == "started", decision
image = execution_input(decision["executionArn"])["image"]
assert image["digest"] == sample["detail"]["image-digest"], image

answer, sample = invoke("PipelineActionFunction", "pipeline-action-first-call.json")
assert answer["outcome"] == "continued", answer
[execution] = answer["executions"]
job = sample["CodePipeline.job"]["id"]
assert execution_input(execution)["pipeline"]["jobId"] == job
try:
    failure = {"type": "JobFailed", "message": "A job that waits for its answer would take this one."}
    codepipeline.put_job_failure_result(jobId=job, failureDetails=failure)
    sys.exit(f"job {job} has not been answered")
except codepipeline.exceptions.InvalidJobStateException:
    print(f"job {job} has been answered, and {execution} runs for it")
