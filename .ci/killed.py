"""Kills the local services with SIGKILL at random moments of pipeline runs, again and again, and looks each time whether
everything that they had answered is there again, and whether a process was left behind.

Usage: killed.py STEPLINE TIMES [SEED], from the root of the repository. At the end one run has to succeed.
"""

import atexit
import ctypes
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

PIPELINE = "stepline-dev"
# What prctl calls it: orphans of our children become our own, so that none can hide.
PR_SET_CHILD_SUBREAPER = 36
# How long a run is left alone at most, in seconds.
LONGEST = 14.0
# How long a process may take to be gone.
GRACE = 3.0
FINAL = {"Succeeded", "Failed", "Stopped", "Superseded", "SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT", "Completed"}


class Services:
    """The services while they are up."""

    def __init__(self, stepline: str, state: str, tests: str = "off") -> None:
        self.errors = tempfile.TemporaryFile()
        # Also where this test gives up.
        atexit.register(self.kill)
        self.process = subprocess.Popen(
            # Every other run has no tests before it, and so comes further.
            [stepline, "up", "--port", "0", "--state", state, "--containers", "process", "--test", tests],
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        variables = {}
        for line in self.process.stdout:
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                variables[name] = value
            elif line.strip() == "ready":
                break
        else:
            self.errors.seek(0)
            raise SystemExit("the services were not ready:\n" + self.errors.read().decode())
        self.session = boto3.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name=variables["AWS_REGION"]
        )
        self.endpoint = variables["AWS_ENDPOINT_URL"]

    def client(self, service: str):
        """A client that asks once: an answer is an answer, and none is none."""
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)
        return self.session.client(service, endpoint_url=self.endpoint, config=config)

    def kill(self) -> None:
        # Does nothing where it has ended.
        self.process.send_signal(signal.SIGKILL)

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


class Answered:
    """What the services have answered until now."""

    def __init__(self) -> None:
        self.parameters: dict[str, int] = {}
        self.objects: dict[str, str] = {}
        self.messages: set[str] = set()
        # What is described: its kind and name, and the last status that was answered.
        self.things: dict[tuple[str, str], str] = {}

    def note(self, kind: str, name: str, status: str) -> None:
        self.things[(kind, name)] = status


def described(services: Services):
    """All that the services describe, with its status."""
    pipelines = services.client("codepipeline")
    for found in pipelines.list_pipeline_executions(pipelineName=PIPELINE)["pipelineExecutionSummaries"]:
        yield "pipeline execution", found["pipelineExecutionId"], found["status"]
    states = services.client("stepfunctions")
    for machine in states.list_state_machines()["stateMachines"]:
        arn = machine["stateMachineArn"]
        yield "state machine", arn, ""
        for page in states.get_paginator("list_executions").paginate(stateMachineArn=arn):
            for found in page["executions"]:
                yield "execution", found["executionArn"], found["status"]
    sagemaker = services.client("sagemaker")
    for page in sagemaker.get_paginator("list_processing_jobs").paginate():
        for found in page["ProcessingJobSummaries"]:
            yield "processing job", found["ProcessingJobName"], found["ProcessingJobStatus"]
    for page in sagemaker.get_paginator("list_training_jobs").paginate():
        for found in page["TrainingJobSummaries"]:
            yield "training job", found["TrainingJobName"], found["TrainingJobStatus"]
    group = "ml-pipeline-dev"
    for page in sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group):
        for found in page["ModelPackageSummaryList"]:
            yield "model package", found["ModelPackageArn"], found["ModelApprovalStatus"]
    codebuild = services.client("codebuild")
    for project in codebuild.list_projects()["projects"]:
        for build in codebuild.list_builds_for_project(projectName=project)["ids"]:
            yield "build", build, codebuild.batch_get_builds(ids=[build])["builds"][0]["buildStatus"]
    ecr = services.client("ecr")
    for image in ecr.describe_images(repositoryName="ml-pipeline-dev")["imageDetails"]:
        yield "image", image["imageDigest"], ""


def approve(services: Services) -> None:
    """Gives the approvals that are waited for."""
    pipelines = services.client("codepipeline")
    for stage in pipelines.get_pipeline_state(name=PIPELINE)["stageStates"]:
        for action in stage["actionStates"]:
            latest = action.get("latestExecution", {})
            if latest.get("status") == "InProgress" and "token" in latest:
                pipelines.put_approval_result(
                    pipelineName=PIPELINE,
                    stageName=stage["stageName"],
                    actionName=action["actionName"],
                    result={"summary": "by the test", "status": "Approved"},
                    token=latest["token"],
                )


def ask(services: Services, answered: Answered, bucket: str, queue: str) -> None:
    """Asks for things and notes the answers until the services are gone."""
    started = services.client("codepipeline").start_pipeline_execution(name=PIPELINE)
    answered.note("pipeline execution", started["pipelineExecutionId"], "InProgress")
    ssm, s3, sqs = (services.client(name) for name in ("ssm", "s3", "sqs"))
    while True:
        for _ in range(5):
            name = f"/killed/{random.randrange(10)}"
            put = ssm.put_parameter(Name=name, Value=str(time.time()), Type="String", Overwrite=True)
            answered.parameters[name] = put["Version"]
            key, body = f"killed/{random.randrange(10)}", str(random.random())
            s3.put_object(Bucket=bucket, Key=key + "/" + body, Body=body.encode())
            answered.objects[key + "/" + body] = body
            answered.messages.add(sqs.send_message(QueueUrl=queue, MessageBody="killed")["MessageId"])
        for kind, name, status in described(services):
            answered.note(kind, name, status)
        approve(services)


def lost(services: Services, answered: Answered, bucket: str, queue: str) -> list[str]:
    """What was answered and is not there."""
    missing = []
    ssm, s3, sqs = (services.client(name) for name in ("ssm", "s3", "sqs"))
    for name, version in answered.parameters.items():
        found = ssm.get_parameter(Name=name)["Parameter"]["Version"]
        if found < version:
            missing.append(f"version {version} of the parameter {name}: the newest is {found}")
    for key, body in answered.objects.items():
        if s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() != body:
            missing.append(f"the object {key}")
    while received := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in received:
            answered.messages.discard(message["MessageId"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    missing += [f"the message {message}" for message in answered.messages]
    answered.messages.clear()
    now = {(kind, name): status for kind, name, status in described(services)}
    # Those of a project that this run does not have are in no list.
    builds = [name for kind, name in answered.things if kind == "build"]
    for at in range(0, len(builds), 100):
        found = services.client("codebuild").batch_get_builds(ids=builds[at : at + 100])["builds"]
        now.update({("build", build["id"]): build["buildStatus"] for build in found})
    for (kind, name), before in answered.things.items():
        after = now.get((kind, name))
        if after is None:
            missing.append(f"the {kind} {name}")
        elif before in FINAL and after != before:
            missing.append(f"the {kind} {name} was {before} and is {after}")
        elif kind != "image" and after in ("InProgress", "RUNNING", "IN_PROGRESS", "Stopping"):
            missing.append(f"the end of the {kind} {name}: it is {after}, and nothing runs it")
    answered.things = {of: status for of, status in now.items()}
    return missing


def children() -> list[str]:
    """The processes that are ours, but for those that have ended."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            try:
                status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
                command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
            except OSError:
                continue
            if status != "Z":
                found.append(f"{pid} {command}")
    return found


def left_behind() -> list[str]:
    """The processes that are still there after a grace."""
    until = time.monotonic() + GRACE
    while (found := children()) and time.monotonic() < until:
        time.sleep(0.05)
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                break
        except ChildProcessError:
            break
    return found


def main() -> None:
    stepline, times = sys.argv[1], int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
    random.seed(seed)
    print(f"killed {times} times, with the seed {seed}")
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    answered, moments = Answered(), random.Random(seed)
    with tempfile.TemporaryDirectory() as state:
        for number in range(1, times + 1):
            services = Services(stepline, state, "on" if number % 2 == 0 else "off")
            bucket, queue = "killed", services.client("sqs").create_queue(QueueName="killed")["QueueUrl"]
            try:
                services.client("s3").create_bucket(Bucket=bucket)
            except ClientError as error:
                if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
                    raise
            missing = lost(services, answered, bucket, queue)
            if missing:
                raise SystemExit(f"before kill {number} (seed {seed}), this was lost:\n" + "\n".join(missing))
            after = moments.uniform(0.05, LONGEST)
            timer = threading.Timer(after, services.kill)
            timer.start()
            try:
                ask(services, answered, bucket, queue)
            except (BotoCoreError, ClientError) as error:
                if services.process.poll() is None and timer.is_alive():
                    raise
                gone = type(error).__name__
            timer.join()
            services.process.wait(10)
            left = left_behind()
            if left:
                raise SystemExit(f"after kill {number} (seed {seed}), these were left:\n" + "\n".join(left))
            what = ", ".join(f"{len([1 for of in answered.things if of[0] == kind])} {kind}s" for kind in KINDS)
            print(f"{number}: after {after:.1f} s ({gone}): {what}; nothing left", flush=True)
        services = Services(stepline, state)
        missing = lost(services, answered, bucket, queue)
        services.interrupt()
        if missing:
            raise SystemExit("at the end this was lost:\n" + "\n".join(missing))
        command = [stepline, "run", "--state", state, "--test", "off"]
        run = subprocess.run(command, capture_output=True, text=True)
        print(run.stdout.splitlines()[-1])
        if run.returncode != 0:
            raise SystemExit(run.stdout[-3000:] + run.stderr[-3000:])
        if left := left_behind():
            raise SystemExit("after the last run these were left:\n" + "\n".join(left))
    print(f"{times} passed, 0 failed")


KINDS = ("pipeline execution", "execution", "training job", "model package", "build")

if __name__ == "__main__":
    main()
