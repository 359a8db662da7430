"""What failed is opened where it failed, with the reason first, and can be tried again."""

import re

from playwright.sync_api import expect
from world import PIPELINE, until

SIZE = "/ml/dev/volume-size"


def test_a_run_fails_and_is_retried(visit, world):
    ssm = world.client("ssm")
    before = ssm.get_parameter(Name=SIZE)["Parameter"]["Value"]
    ssm.put_parameter(Name=SIZE, Value="many", Type="String", Overwrite=True)
    started = world.client("codepipeline").start_pipeline_execution(name=PIPELINE)["pipelineExecutionId"]
    here = visit()
    here.open(f"/runs/{PIPELINE}/{started}")
    here.mark()
    why = here.page.locator(".why")
    expect(why).to_be_visible()
    expect(why.locator(".reason")).to_contain_text("ResolveParameters")
    expect(why.locator(".reason")).to_contain_text(SIZE)
    # The state that failed is selected, and what it logged is below.
    expect(here.page.locator("#inspector h2")).to_have_text("ResolveParameters")
    expect(here.page.locator("[data-state=ResolveParameters]")).to_have_class(re.compile(r"\bis-failed\b"))
    expect(here.page.locator("#lines")).to_contain_text(SIZE)
    # The reason is above what it is the reason of.
    assert why.bounding_box()["y"] < here.page.locator("#canvas").bounding_box()["y"]
    expect(here.page.locator(".why .place")).to_contain_text(re.compile(r"statemachine/ml-pipeline\.asl\.json:\d+"))

    ssm.put_parameter(Name=SIZE, Value=before, Type="String", Overwrite=True)
    here.page.get_by_role("button", name="Retry").click()
    approve = here.page.get_by_role("button", name="Approve")
    expect(approve).to_be_visible()
    here.page.get_by_label("Comment").fill("no")
    here.page.get_by_role("button", name="Reject").click()
    expect(here.page.locator(".heading .badge").first).to_contain_text("Failed")
    expect(here.page.locator(".why .reason")).to_contain_text("no")
    assert here.is_the_same()
    assert world.runs()[0]["status"] == "Failed"


def test_an_execution_fails_and_is_redriven(visit, world):
    """A Lambda function that is not there, and then a way around it: a redrive goes on at the state that failed."""
    [deployed] = [
        machine["stateMachineArn"]
        for machine in world.states.list_state_machines()["stateMachines"]
        if machine["name"].startswith("ml-pipeline-dev")
    ][:1]
    role = world.states.describe_state_machine(stateMachineArn=deployed)["roleArn"]
    job = {
        "ProcessingJobName.$": "States.Format('broken-{}', $$.Execution.RedriveCount)",
        "RoleArn": role,
        "AppSpecification": {"ImageUri.$": "$.image", "ContainerEntrypoint": ["python3", "-c", "raise RuntimeError('broken on purpose')"]},
        "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 10}},
    }
    definition = {
        "StartAt": "Job",
        "States": {
            "Job": {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync", "Parameters": job, "End": True},
        },
    }
    described = world.client("ecr").describe_images(repositoryName="ml-pipeline-dev")["imageDetails"][0]
    image = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/ml-pipeline-dev@{described['imageDigest']}"
    failed = world.play(world.machine("broken", definition, role), "once", {"image": image})
    assert failed["status"] == "FAILED"
    print(failed.get("error"), failed.get("cause"))
    here = visit()
    here.open("/executions/broken/once")
    here.mark()
    expect(here.page.locator(".why .reason")).to_contain_text("Job")
    expect(here.page.locator("#inspector h2")).to_have_text("Job")
    here.page.get_by_role("button", name="Redrive").click()
    until(lambda: world.states.describe_execution(executionArn=failed["executionArn"])["redriveCount"] == 1, "the redrive")
    world.ended(failed["executionArn"])
    expect(here.page.locator(".heading .badge").first).to_contain_text("Failed")
    assert here.is_the_same()
