"""An account with its page, while tests look at them, and what is made in it over the API, as any client would."""

import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import boto3
from botocore.config import Config

PIPELINE = "stepline-dev"
REGION = "us-east-1"
ACCOUNT = "123456789012"
# Of no account: what a Pass state or a Choice does asks for no right.
ROLE = f"arn:aws:iam::{ACCOUNT}:role/of-the-test"
PATIENCE = 120
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}


def until(found, what: str, patience: float = PATIENCE):
    """What `found` answers, once that is something."""
    ends = time.monotonic() + patience
    while not (answer := found()):
        assert time.monotonic() < ends, f"{what}: not within {patience} s"
        time.sleep(0.05)
    return answer


class World:
    """The services and the page, up until `end`."""

    def __init__(self, stepline: str, folder: Path, page_port: int = 0) -> None:
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [stepline, "up", "--machine", "hello", "--containers", "process", "--fresh", "--state", str(folder)]
            + ["--port", "0", "--page-port", str(page_port)],
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        said = {}
        for line in self.process.stdout:
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                said[name] = value
            elif line.strip() == "ready":
                break
        else:
            self.errors.seek(0)
            raise AssertionError("the services were not ready:\n" + self.errors.read().decode())
        self.endpoint = said["AWS_ENDPOINT_URL"]
        self.page = (folder / "page").read_text().rstrip("/")
        self.session = boto3.Session(**KEYS)
        self.states = self.client("stepfunctions")
        self.ask_for_approval()

    def end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def client(self, service: str):
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60)
        return self.session.client(service, endpoint_url=self.endpoint, config=config)

    def ask_for_approval(self) -> None:
        """The sample's pipeline asks nobody in dev: another stage does, once the sample has run."""
        pipelines = self.client("codepipeline")
        pipeline = pipelines.get_pipeline(name=PIPELINE)["pipeline"]
        kind = {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"}
        action = {"name": "Approve", "actionTypeId": kind, "configuration": {"CustomData": "Is it good?"}}
        pipeline["stages"].append({"name": "Approve", "actions": [action]})
        pipelines.update_pipeline(pipeline=pipeline)

    def machine(self, name: str, definition: dict, role: str = ROLE) -> str:
        """Makes a state machine; its ARN."""
        made = self.states.create_state_machine(name=name, roleArn=role, definition=json.dumps(definition))
        return made["stateMachineArn"]

    def start(self, machine: str, name: str, given=None) -> str:
        started = self.states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(given or {}))
        return started["executionArn"]

    def ended(self, execution: str) -> dict:
        """The execution, described once it has ended."""

        def described():
            found = self.states.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        return until(described, f"the end of {execution}")

    def play(self, machine: str, name: str, given=None) -> dict:
        return self.ended(self.start(machine, name, given))

    def function(self, part: str) -> str:
        """The name of the deployed function that has this in it."""
        functions = self.client("lambda").list_functions()["Functions"]
        return next(one["FunctionName"] for one in functions if part in one["FunctionName"].lower())

    def cool(self, part: str) -> None:
        """Ends the processes of a function, as Lambda does now and then: the next call starts with nothing in memory."""
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                if part in Path(f"/proc/{child}/cmdline").read_text():
                    os.kill(int(child), signal.SIGKILL)

    def runs(self) -> list[dict]:
        """The pipeline's executions, the newest first."""
        found = self.client("codepipeline").list_pipeline_executions(pipelineName=PIPELINE)
        return found["pipelineExecutionSummaries"]

    def waits_for_approval(self) -> bool:
        stages = self.client("codepipeline").get_pipeline_state(name=PIPELINE)["stageStates"]
        actions = [action.get("latestExecution", {}) for stage in stages for action in stage["actionStates"]]
        return any(latest.get("status") == "InProgress" and "token" in latest for latest in actions)

    def everything(self) -> dict:
        """What an attack could have changed."""
        return {
            "runs": [(run["pipelineExecutionId"], run["status"]) for run in self.runs()],
            "executions": sorted(
                (found["executionArn"], found["status"], found.get("redriveCount", 0))
                for machine in self.states.list_state_machines()["stateMachines"]
                for found in self.states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
            ),
            "topics": sorted(topic["TopicArn"] for topic in self.client("sns").list_topics()["Topics"]),
            "parameters": sorted(
                (found["Name"], found["Version"])
                for found in self.client("ssm").get_parameters_by_path(Path="/", Recursive=True)["Parameters"]
            ),
        }


def passes(*names: str, **more) -> dict:
    """A definition of Pass states, one after the other."""
    states = {name: {"Type": "Pass", "Next": then} for name, then in zip(names, names[1:])}
    states[names[-1]] = {"Type": "Pass", "End": True}
    for name, state in more.items():
        states[name] |= state
    return {"StartAt": names[0], "States": states}


def chromium() -> str | None:
    """The browser of this machine, where it has one."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    names = ("chromium", "chromium-browser", "google-chrome")
    found = (Path(folder, name) for name in names for folder in folders)
    return next((str(path) for path in found if os.access(path, os.X_OK)), None)
