"""The service: as an application, and as a process that ends well."""

import json
import signal
import socket
import subprocess
import threading
import urllib.request

import pytest
from starlette.testclient import TestClient

CUSTOMER = {"tenure_months": 2, "monthly_charge": 39.5, "support_calls": 4, "late_payments": 2, "plan": "plus"}
LOYAL = {"tenure_months": 80, "monthly_charge": 49.5, "support_calls": 0, "late_payments": 0, "plan": "pro"}


@pytest.fixture
def client(trained):
    import model
    import serve

    served = model.load(trained.path("model", ml="training"))
    return TestClient(serve.application(served, serve.version(None, served.about)))


def test_it_predicts_for_json(client):
    assert client.get("/ping").status_code == 200
    one = client.post("/invocations", json=CUSTOMER).json()["predictions"]
    assert one[0]["cancelled"] == 1 and one[0]["chance"] > 0.8
    both = client.post("/invocations", json=[CUSTOMER, LOYAL]).json()["predictions"]
    assert both[0] == one[0] and both[1]["cancelled"] == 0


def test_it_predicts_for_csv(client):
    lines = [",".join(CUSTOMER), *(",".join(str(it) for it in row.values()) for row in (CUSTOMER, LOYAL))]
    headers = {"content-type": "text/csv; charset=utf-8", "accept": "text/csv"}
    answer = client.post("/invocations", content="\n".join(lines) + "\n", headers=headers)
    assert answer.headers["content-type"].startswith("text/csv")
    sure, unsure = (float(line) for line in answer.text.splitlines())
    assert sure > 0.8 and unsure < 0.2


@pytest.mark.parametrize(
    ("content_type", "body", "status", "words"),
    [
        ("application/json", "{", 400, "Expecting property name"),
        ("application/json", "[]", 400, "there is no row to predict for"),
        ("application/json", "[1]", 400, "a row must be an object with the columns tenure_months, "),
        ("application/json", '{"tenure_months": 1}', 400, "row 1: `monthly_charge` must be a number, not `None`"),
        ("application/json", "NaN", 400, "a row must be an object"),
        ("text/csv", "tenure_months\n", 400, "there is no row to predict for"),
        ("text/csv", "\xff", 400, "row"),
        ("application/x-npy", "", 415, "`application/x-npy` is no content type of this service"),
        ("application/json", "x" * (6 * 1024 * 1024 + 1), 413, "a request has 6291456 bytes at most"),
    ],
)
def test_what_it_cannot_answer_it_says(client, content_type, body, status, words):
    answer = client.post("/invocations", content=body.encode(), headers={"content-type": content_type})
    assert answer.status_code == status
    assert words in answer.json()["error"] or words == "row"


def test_it_says_what_it_is():
    import serve

    package = {
        "ModelPackageArn": "arn:aws:sagemaker:us-east-1:123456789012:model-package/ml-pipeline-dev/3",
        "CustomerMetadataProperties": {"commit": "0123abc", "image": "registry/it@sha256:00", "metric.accuracy": "0.91"},
    }
    told = serve.version(package, {"rows": 7})
    assert told["modelPackageArn"].endswith("/3")
    assert (told["commit"], told["image"]) == ("0123abc", "registry/it@sha256:00")
    assert told["metrics"] == {"accuracy": 0.91}
    assert told["model"] == {"rows": 7}


def test_a_model_that_does_not_load_ends_it_with_a_reason(container):
    container.put("not a model", "model/model.joblib")
    assert container.run("serve").returncode == 1
    assert "(model.py, line " in container.reason()


def test_a_request_that_has_begun_is_answered_before_it_ends(trained):
    # A prediction begins, and goes on when the test lets it.
    slow = "log.info('begun'); await run_in_threadpool(os.read, 0, 1); found = "
    trained.change("serve.py", "found = await", f"{slow}await")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = trained.environment("training", {"HOST": "127.0.0.1", "PORT": str(port)})
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    service = subprocess.Popen(trained.command("serve"), env=environment, **pipes)
    try:
        assert "serving" in service.stderr.readline()
        answers = []

        def ask():
            request = urllib.request.Request(f"http://127.0.0.1:{port}/invocations", json.dumps(CUSTOMER).encode())
            request.add_header("content-type", "application/json")
            with urllib.request.urlopen(request, timeout=30) as answer:
                answers.append(answer.status)

        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=30).close()
                break
            except OSError:
                assert service.poll() is None
        asking = threading.Thread(target=ask)
        asking.start()
        assert "begun" in service.stderr.readline()
        service.send_signal(signal.SIGTERM)
        service.stdin.write("x")
        service.stdin.flush()
        asking.join(30)
        assert answers == [200]
        assert service.wait(30) in (0, -signal.SIGTERM), "it ends when told to"
    finally:
        service.kill()
        service.communicate()
