"""Each view, in light and dark, wide and narrow, and in Japanese: axe-core finds nothing. `--screenshots DIR` keeps pictures."""

from pathlib import Path

import pytest
from conftest import SIZES
from playwright.sync_api import expect
from world import PIPELINE, passes, until

AXE = Path(__file__).parents[1] / "node_modules/axe-core/axe.min.js"
RUNS = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map((it) => `${it.id}: ${it.help}: ${it.nodes.slice(0, 3).map((one) => one.target.join(" ") + " " + one.any.map((why) => why.message).join(" ")).join(" | ")}`);
}"""


@pytest.fixture(scope="session")
def views(world):
    """The path of each view by its name. Of what the account has none, the one that says so is looked at."""
    run = world.runs()[-1]["pipelineExecutionId"]
    failed = next((one["pipelineExecutionId"] for one in world.runs() if one["status"] == "Failed"), run)
    machine = "in-each-view"
    definition = passes("First", "Last")
    definition["States"]["First"] |= {"Next": "Each", "Result": [1, 2, 3]}
    inner = {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}}
    definition["States"]["Each"] = {"Type": "Map", "ItemProcessor": inner, "Next": "Last"}
    arn = world.machine(machine, definition)
    world.play(arn, "one")
    execution = f"/executions/{machine}/one"
    jobs = world.client("sagemaker").list_processing_jobs()["ProcessingJobSummaries"]
    job = jobs[0]["ProcessingJobName"] if jobs else "none"
    role = "ml-pipeline-dev-us-east-1"
    function = world.client("lambda").list_functions()["Functions"][0]["FunctionName"]
    found = {
        "runs": "/runs",
        "run": f"/runs/{PIPELINE}/{run}",
        "run failed": f"/runs/{PIPELINE}/{failed}",
        "graph": execution,
        "timeline": f"{execution}?tab=timeline",
        "event table": f"{execution}?tab=events",
        "definition of an execution": f"{execution}?tab=definition",
        "state": f"{execution}?state=First",
        "iteration": f"{execution}?state=One&in=Each%3A1",
        "failed execution": "/executions/broken/once",
        "executions": "/executions",
        "executions of one": f"/executions/{machine}",
        "jobs": "/jobs",
        "job": f"/jobs/Processing/{job}",
        "models": "/models",
        "model": "/models/ml-pipeline-dev/1",
        "permissions": "/permissions",
        "role": f"/permissions/{role}",
        "events": "/events",
        "functions": "/functions",
        "function": f"/functions/{function}",
        "images": "/images",
        "definitions": "/definitions",
        "definition": "/definitions/statemachine/ml-pipeline.asl.json",
        "search": "/search?q=e",
        "search for nothing": "/search?q=",
        "not found": "/nowhere",
    }
    return found


NAMES = [
    "runs", "run", "run failed", "graph", "timeline", "event table", "definition of an execution", "state", "iteration",
    "failed execution", "executions", "executions of one", "jobs", "job", "models", "model", "permissions", "role",
    "events", "functions", "function", "images", "definitions", "definition", "search", "search for nothing", "not found",
]  # fmt: skip
# What sticks out at the right, where the whole page scrolls sideways.
TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("main *, .top *")]
    .filter((it) => it.scrollWidth > it.clientWidth + 1 && getComputedStyle(it).overflowX === "visible")
    .map((it) => `${it.localName}.${it.getAttribute("class")}: ${it.textContent.slice(0, 40)}`).slice(0, 8)"""
# Views of what this account may have none of: the sentence that says so is looked at instead.
MAY_BE_NONE = {"model", "not found"}


def shown(here, path: str):
    answer = here.open(path)
    here.page.evaluate("document.fonts.ready")
    # What is loaded when it is seen, of a table or of a list that is not folded.
    for part in here.page.locator("#canvas .part-of").all()[:1]:
        until(lambda part=part: part.evaluate("it => it.childElementCount"), "a part")
    return answer


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(visit, views, name, request):
    source, pictures = AXE.read_text(), request.config.getoption("--screenshots")
    wrong = []
    for size in SIZES:
        for scheme in ("light", "dark"):
            here = visit(size=size, scheme=scheme)
            answer = shown(here, views[name])
            if answer.status == 404 and name not in MAY_BE_NONE:
                wrong.append("is not there")
            here.page.evaluate(source)
            wrong += [f"{size}, {scheme}: {said}" for said in here.page.evaluate(RUNS)]
            # Nothing is wider than what one looks at.
            wrong += [f"{size}: it scrolls sideways: {said}" for said in here.page.evaluate(TOO_WIDE)]
            if pictures:
                Path(pictures).mkdir(parents=True, exist_ok=True)
                picture = f"{name.replace(' ', '-')}-{size}-{scheme}.png"
                here.page.screenshot(path=Path(pictures, picture), full_page=size == "narrow")
            here.context.close()
    assert not wrong, "\n".join(dict.fromkeys(wrong))


def test_axe_finds_nothing_in_japanese(visit, views):
    source = AXE.read_text()
    here = visit(locale="ja-JP")
    for name in ("run", "state", "executions"):
        shown(here, views[name])
        assert here.page.evaluate("document.documentElement.lang") == "ja"
        here.page.evaluate(source)
        assert here.page.evaluate(RUNS) == []


def test_the_page_is_walked_by_keyboard(visit, views):
    here = visit()
    here.open(views["graph"])
    here.page.keyboard.press("Tab")
    assert here.page.evaluate("document.activeElement.className") == "skip"
    here.page.keyboard.press("/")
    assert here.page.evaluate("document.activeElement.id") == "search"
    here.page.locator("[data-state=First]").focus()
    here.page.keyboard.press("ArrowDown")
    assert here.page.evaluate("document.activeElement.dataset.state") == "Each"
    here.page.keyboard.press("Enter")
    expect(here.page.locator("#inspector h2")).to_have_text("Each")
