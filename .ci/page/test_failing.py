"""What failed is opened where it failed, with the reason first, and can be tried again."""

import json
import re

from playwright.sync_api import expect
from world import PIPELINE, REGION

SIZE = "/ml/dev/volume-size"


def test_a_run_fails_and_is_retried(visit, world):
    ssm = world.client("ssm")
    before = ssm.get_parameter(Name=SIZE)["Parameter"]["Value"]
    ssm.put_parameter(Name=SIZE, Value="many", Type="String", Overwrite=True)
    # The function uses what it has read for a minute.
    world.cool("resolve-parameters")
    started = world.client("codepipeline").start_pipeline_execution(name=PIPELINE)["pipelineExecutionId"]
    here = visit()
    here.open(f"/runs/{PIPELINE}/{started}")
    here.mark()
    why = here.page.locator(".why")
    expect(why).to_be_visible()
    expect(why.locator(".reason")).to_contain_text("ParameterInvalid")
    expect(why.locator(".reason")).to_contain_text(SIZE)
    # The state that failed is selected. Where its error came from shows that it was caught, and what it logged.
    expect(here.page.locator("#inspector h2")).to_have_text("ResolveParameters")
    expect(here.page.locator("[data-state=ResolveParameters]")).to_have_class(re.compile(r"\bis-caught\b"))
    expect(here.page.locator("[data-state=FailState]")).to_have_class(re.compile(r"\bis-failed\b"))
    caught = here.page.locator("[data-state=ResolveParameters]")
    expect(caught).to_have_class(re.compile(r"\bis-caught\b"))
    caught.click()
    expect(here.page.locator("#inspector h2")).to_have_text("ResolveParameters")
    expect(here.page.locator("#lines")).to_contain_text(SIZE)
    # The reason is above what it is the reason of.
    assert why.bounding_box()["y"] < here.page.locator("#canvas").bounding_box()["y"]
    expect(here.page.locator(".why .place")).to_contain_text(re.compile(r"statemachine/ml-pipeline\.asl\.json:\d+"))

    ssm.put_parameter(Name=SIZE, Value=before, Type="String", Overwrite=True)
    world.cool("resolve-parameters")
    here.page.get_by_role("button", name="Retry").click()
    approve = here.page.get_by_role("button", name="Approve")
    expect(approve).to_be_visible()
    here.page.get_by_label("Comment").fill("no")
    here.page.get_by_role("button", name="Reject").click()
    expect(here.page.locator(".heading .badge").first).to_contain_text("Failed")
    expect(here.page.locator(".why .reason")).to_contain_text("no")
    assert here.is_the_same()
    assert world.runs()[0]["status"] == "Failed"


def test_a_job_fails_and_its_execution_is_redriven(visit, world):
    """The program of a job raises: its log says where. The redrive makes another job, which raises again."""
    states = world.states.list_state_machines()["stateMachines"]
    deployed = next(one["stateMachineArn"] for one in states if one["name"].startswith("ml-pipeline-dev"))
    described = world.states.describe_state_machine(stateMachineArn=deployed)
    job = json.loads(described["definition"])["States"]["SageMaker-Hello-World"]["Parameters"]
    job["AppSpecification"]["ContainerEntrypoint"] = ["python3", "-c", "raise RuntimeError('broken on purpose')"]
    job["ProcessingResources"]["ClusterConfig"] = {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 10}
    job["Environment"] = {"PYTHON_ENV": "development"}
    resource = "arn:aws:states:::sagemaker:createProcessingJob.sync"
    definition = {"StartAt": "Job", "States": {"Job": {"Type": "Task", "Resource": resource, "Parameters": job, "End": True}}}
    image = world.client("ecr").describe_images(repositoryName="ml-pipeline-dev")["imageDetails"][0]
    uri = f"{image['registryId']}.dkr.ecr.{REGION}.amazonaws.com/{image['repositoryName']}@{image['imageDigest']}"
    machine = world.machine("broken", definition, described["roleArn"])
    failed = world.play(machine, "once", {"image": {"uri": uri}})
    assert failed["status"] == "FAILED"
    here = visit()
    here.open("/executions/broken/once")
    here.mark()
    expect(here.page.locator(".why .reason")).to_contain_text("Job")
    expect(here.page.locator("#inspector h2")).to_have_text("Job")
    expect(here.page.locator("#lines")).to_contain_text("RuntimeError: broken on purpose")
    expect(here.page.locator("#inspector")).to_contain_text("once-0-0")
    here.page.get_by_role("button", name="Redrive").click()
    expect(here.page.locator("#inspector")).to_contain_text("once-1-0")
    expect(here.page.locator(".heading .badge").first).to_contain_text("Failed")
    assert here.is_the_same()
    assert world.ended(failed["executionArn"])["redriveCount"] == 1
