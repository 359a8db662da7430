"""A run is watched from its start to its end, and approved, on a page that is opened once."""

import re
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from conftest import Visit
from playwright.sync_api import expect
from world import PIPELINE, World, passes, until

REPOSITORY = Path(__file__).parents[2]

# Notes each class that something with a status has had, in order.
NOTES = """() => {
  window.had = {};
  const note = () => {
    for (const it of document.querySelectorAll("a.action, [data-state]")) {
      const name = it.dataset.state ?? it.querySelector(".title").textContent;
      const had = (window.had[name] ??= []);
      const now = [...it.classList].filter((one) => one.startsWith("is-")).join(" ");
      if (had.at(-1) !== now) had.push(now);
    }
  };
  new MutationObserver(note).observe(document.documentElement, { subtree: true, childList: true, attributes: true });
  note();
}"""


def test_a_run_is_watched_and_approved(visit, world):
    here = visit()
    page = here.page
    here.open("/")
    here.mark()
    page.evaluate(NOTES)
    page.get_by_role("button", name="Start the pipeline").click()
    expect(page.locator(".stages")).to_be_visible()
    # The address bar names the run.
    expect(page).to_have_url(re.compile(f"/runs/{PIPELINE}/"))

    decide = page.locator(".decide")
    expect(decide).to_be_visible()
    # What somebody types and what somebody has opened stay as they are, whatever happens meanwhile.
    decide.get_by_label("Comment").fill("looks good")
    page.evaluate("document.querySelector('#inspector details.part:not([open]) > summary')?.click()")
    opened = page.locator("#inspector details.part[open]").count()
    world.client("sns").create_topic(Name="something-happens")
    assert decide.get_by_label("Comment").input_value() == "looks good"
    assert page.locator("#inspector details.part[open]").count() == opened
    # A tab that was left open with another run decides nothing about this one.
    said = {"pipeline": PIPELINE, "execution": "another", "stage": "Approve", "action": "Approve", "status": "Rejected"}
    refused = page.request.post(f"{world.page}/do/approve", form=said, headers={"origin": world.page})
    assert refused.status == 409 and world.waits_for_approval()
    # What was typed stays, also where nothing has the focus.
    page.locator(".heading h1").click()
    page.evaluate("refresh()")
    # Asked so, since the page lets no text become a script.
    until(lambda: page.evaluate("!asking"), "the refresh")
    assert decide.get_by_label("Comment").input_value() == "looks good"
    decide.get_by_role("button", name="Approve").click()
    expect(page.locator(".heading .badge").first).to_contain_text("Succeeded")
    expect(page.locator(".decide")).to_have_count(0)
    assert here.is_the_same(), "nothing was loaded anew"

    had = page.evaluate("window.had")
    # A job of the sample is over in a moment: that a state is seen running is what the next test waits for.
    assert "is-succeeded" in had["SageMaker-Hello-World"][-1], had
    for name in (text.strip() for text in page.locator("a.action .title").all_text_contents()):
        assert "is-succeeded" in had[name][-1], (name, had[name])
    assert any("is-running" in " ".join(classes[:-1]) for classes in had.values())
    assert any("is-waiting" in " ".join(classes) for classes in had.values()), "an approval is waited for"

    [run] = world.runs()
    assert run["status"] == "Succeeded"
    actions = world.client("codepipeline").list_action_executions(pipelineName=PIPELINE)["actionExecutionDetails"]
    said = [action["output"]["executionResult"].get("externalExecutionSummary", "") for action in actions]
    assert any("looks good" in one for one in said), said


def test_another_pages_change_is_seen_at_once(visit, world):
    """A state machine that waits for somebody: what is in sight stays where it is while the rest changes."""
    definition = {
        "StartAt": "Before",
        "States": {
            "Before": {"Type": "Pass", "Next": "Wait"},
            "Wait": {"Type": "Wait", "SecondsPath": "$.seconds", "Next": "After"},
            "After": {"Type": "Pass", "End": True},
        },
    }
    machine = world.machine("watched", definition)
    here = visit(size=(1400, 500))
    here.open("/executions")
    here.mark()
    execution = world.start(machine, "slow", {"seconds": 600, "many": list(range(400))})
    link = here.page.get_by_role("link", name="slow", exact=True)
    expect(link).to_be_visible()
    link.click()
    state = here.page.locator("[data-state=Wait]")
    expect(state).to_have_class(re.compile(r"\bis-running\b"))
    here.page.locator("[data-state=Before]").click()
    inspector = here.page.locator("#inspector")
    expect(inspector.locator("h2")).to_have_text("Before")
    folded = inspector.locator(".json details:not([open])").first
    folded.locator("> summary").click()
    inspector.evaluate("it => it.scrollTop = 200")
    # Whoever has clicked somewhere sees changes there, too.
    here.page.locator("#graph").click(position={"x": 4, "y": 4})
    world.states.stop_execution(executionArn=execution)
    expect(state).to_have_class(re.compile(r"\bis-aborted\b"))
    assert here.is_the_same()
    assert folded.count() == 1 or inspector.locator(".json details[open]").count() > 1
    assert until(lambda: inspector.evaluate("it => it.scrollTop") == 200, "scrolled as before", 5)


def test_the_server_goes_away_and_comes_back(browser, request, tmp_path):
    """The page says that it is alone, keeps what it has, and comes back by itself."""
    stepline = str(Path(request.config.getoption("--stepline")).resolve())
    first = World(stepline, tmp_path / "state")
    here = Visit(browser, first)
    here.open("/executions")
    here.mark()
    expect(here.page.locator("#lost")).to_be_hidden()
    first.end()
    expect(here.page.locator("#lost")).to_be_visible()
    expect(here.page.locator("h1")).to_contain_text("Executions")
    second = World(stepline, tmp_path / "state", page_port=urlsplit(first.page).port)
    try:
        expect(here.page.locator("#lost")).to_be_hidden()
        second.start(second.machine("afterwards", passes("A")), "once")
        expect(here.page.get_by_role("link", name="once", exact=True)).to_be_visible()
        assert here.is_the_same()
    finally:
        here.context.close()
        second.end()


def test_a_definition_is_drawn_again_as_it_is_edited(browser, request, tmp_path):
    """`check --watch` on a copy of the files that deploy: a mistake is shown at its line, and its mend, too."""
    stepline = str(Path(request.config.getoption("--stepline")).resolve())
    for folder in ("config", "container", "events", "sam", "seed", "statemachine"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    command = [stepline, "check", "--watch", "--page-port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as checking:
        try:
            found = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in checking.stdout)
            address = next(match.group() for match in found if match)
            page = browser.new_page()
            page.goto(f"{address}/definitions/statemachine/ml-pipeline.asl.json")
            expect(page.locator(".finding")).to_have_count(0)
            expect(page.locator("[data-state=ImageNotGiven]").first).to_be_attached()
            file = tmp_path / "statemachine/ml-pipeline.asl.json"
            right = file.read_text()
            file.write_text(right.replace('"Default": "ImageNotGiven"', '"Default": "Nowhere"', 1))
            expect(page.locator(".source .finding").first).to_contain_text("Nowhere")
            expect(page.locator("[data-state=Nowhere]").first).to_be_attached()
            file.write_text(right)
            expect(page.locator(".source .finding")).to_have_count(0)
            page.close()
        finally:
            checking.send_signal(signal.SIGINT)
