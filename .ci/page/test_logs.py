"""Logs: live, filtered, whole, and always text."""

import time
import urllib.request

import pytest
from playwright.sync_api import expect
from test_injection import ATTACKS, LOOKS, fuzzed
from world import PIPELINE


@pytest.fixture(scope="module")
def built(world):
    """The path of a run's build, and its log's group and stream."""
    run = world.runs()[-1]["pipelineExecutionId"]
    found = world.client("codepipeline").list_action_executions(
        pipelineName=PIPELINE, filter={"pipelineExecutionId": run}
    )["actionExecutionDetails"]
    build = next(one for one in found if one["input"]["actionTypeId"]["provider"] == "CodeBuild")
    project, _, stream = build["output"]["executionResult"]["externalExecutionId"].partition(":")
    path = f"/runs/{PIPELINE}/{run}?action={build['stageName']}%2F{build['actionName']}"
    return path, f"/aws/codebuild/{project}", stream


def say(world, built, lines):
    _, group, stream = built
    now = int(time.time() * 1000)
    said = [{"timestamp": now, "message": line} for line in lines]
    world.client("logs").put_log_events(logGroupName=group, logStreamName=stream, logEvents=said)


def test_a_log_is_filtered_and_there_as_a_whole(visit, world, built):
    path, group, stream = built
    say(world, built, [f"needle {at}" if at % 50 == 0 else f"hay {at}" for at in range(400)])
    here = visit(size=(1400, 600))
    here.open(path)
    here.mark()
    lines = here.page.locator("#lines .line")
    assert lines.count() > 400
    # It is read from its end.
    assert here.page.evaluate("(() => { const it = document.getElementById('lines'); return it.scrollHeight - it.scrollTop - it.clientHeight < 24; })()")
    here.page.locator("#filter").fill("needle")
    expect(lines).to_have_count(8)
    assert "filter=needle" in here.page.url
    assert here.page.evaluate("document.activeElement.id") == "filter"
    here.page.locator("#filter").fill("")
    expect(lines.nth(300)).to_be_attached()
    assert here.is_the_same()
    whole = here.page.locator("#log .toolbar a").get_attribute("href")
    with urllib.request.urlopen(world.page + whole) as answer:
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"
        body = answer.read().decode()
    assert body.count("needle") == 8 and body.count("hay") == 392


def test_lines_that_mean_harm_are_text(visit, world, built):
    path, _, _ = built
    said = [text for text in reversed(fuzzed(200)) if text.strip("\n")]
    say(world, built, said)
    here = visit()
    here.open(path)
    assert not here.page.evaluate(LOOKS)
    shown = here.page.locator("#lines").inner_text()
    for text in ATTACKS[:4]:
        assert text in shown
    assert "red" in shown and "\x1b" not in shown and "\0" not in shown and "\u202e" not in shown


def test_a_new_line_comes_by_itself_and_nothing_moves(visit, world, built):
    path, _, _ = built
    here = visit(size=(1400, 600))
    here.open(path)
    here.mark()
    lines = here.page.locator("#lines")
    lines.evaluate("it => it.scrollTop = 100")
    # Whatever is said to a run makes the page ask again.
    say(world, built, ["it goes on"])
    world.client("codepipeline").start_pipeline_execution(name=PIPELINE)
    expect(here.page.locator("nav.runs li")).to_have_count(len(world.runs()))
    expect(lines).to_contain_text("it goes on")
    assert lines.evaluate("it => it.scrollTop") == 100
    assert here.is_the_same()
    for run in world.runs():
        if run["status"] == "InProgress":
            world.client("codepipeline").stop_pipeline_execution(
                pipelineName=PIPELINE, pipelineExecutionId=run["pipelineExecutionId"], abandon=True, reason="of the test"
            )
