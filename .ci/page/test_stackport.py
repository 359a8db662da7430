"""StackPort, a browser of AWS's resources that others make, goes on to work: it lists and draws what is in the account."""

import json
import os
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest
from world import KEYS, REGION, until

COMMAND = Path("target/ci-tools/stackport/bin/python")


@pytest.fixture
def stackport(world, tmp_path):
    """Its address. It is started without its own command, which listens to everybody."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = os.environ | {
        "STACKPORT_ENDPOINTS": f"stepline={world.endpoint}",
        "STACKPORT_DATA_DIR": str(tmp_path),
        "STACKPORT_LEARN": "false",
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": KEYS["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": KEYS["aws_secret_access_key"],
    }
    command = [str(COMMAND), "-m", "uvicorn", "backend.main:app", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"

    def is_up():
        assert process.poll() is None, "StackPort has ended"
        try:
            return urllib.request.urlopen(address).status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    until(is_up, "StackPort", 30)
    yield address
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        # It waits for connections that a browser holds.
        process.kill()
        process.wait()


def test_stackport_lists_and_draws_an_execution(world, stackport, browser):
    def ask(path: str):
        with urllib.request.urlopen(f"{stackport}/api/stepfunctions{path}") as answer:
            return json.load(answer)

    machines = {machine["name"]: machine["stateMachineArn"] for machine in ask("/state-machines")["stateMachines"]}
    ours = next(name for name in machines if name.startswith("ml-pipeline"))
    arn = quote(machines[ours], safe="")
    assert "SageMaker-Hello-World" in ask(f"/state-machines/{arn}")["definition"]["States"]
    executions = ask(f"/state-machines/{arn}/executions")["executions"]
    done = next((one for one in executions if one["status"] == "SUCCEEDED"), None)
    if done is None:
        pytest.skip("the pipeline has not run: test_watching.py comes first")
    execution = quote(done["executionArn"], safe="")
    assert ask(f"/executions/{execution}")["status"] == "SUCCEEDED"
    types = [event["type"] for event in ask(f"/executions/{execution}/history?max_results=1000")["events"]]
    assert types[0] == "ExecutionStarted" and types[-1] == "ExecutionSucceeded", types

    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(20_000)
    page.goto(f"{stackport}/resources/stepfunctions")
    page.get_by_text(ours, exact=True).first.click()
    page.get_by_text(done["name"][:20]).first.click()
    page.get_by_text("SageMaker-Hello-World").first.wait_for()
    page.close()
