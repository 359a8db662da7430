"""A run is watched from its start to its end, and approved, on a page that is opened once."""

import re

from playwright.sync_api import expect
from world import PIPELINE, until

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
    assert f"/runs/{PIPELINE}/" in page.url, "the address bar names the run"

    decide = page.locator(".decide")
    expect(decide).to_be_visible()
    # What somebody types and what somebody has opened stay as they are, whatever happens meanwhile.
    decide.get_by_label("Comment").fill("looks good")
    page.evaluate("document.querySelector('#inspector details.part:not([open]) > summary')?.click()")
    opened = page.locator("#inspector details.part[open]").count()
    world.client("sns").create_topic(Name="something-happens")
    assert decide.get_by_label("Comment").input_value() == "looks good"
    assert page.locator("#inspector details.part[open]").count() == opened
    decide.get_by_role("button", name="Approve").click()
    expect(page.locator(".heading .badge").first).to_contain_text("Succeeded")
    expect(page.locator(".decide")).to_have_count(0)
    assert here.is_the_same(), "nothing was loaded anew"

    had = page.evaluate("window.had")
    went = [one for one in had["SageMaker-Hello-World"] if "is-not-reached" not in one]
    assert [one.split()[0] for one in went] == ["is-running", "is-succeeded"] or went[-1] == "is-succeeded", had
    assert any("is-running" in one for one in went), had
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
    link = here.page.get_by_role("link", name="slow")
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
    world.states.stop_execution(executionArn=execution)
    expect(state).to_have_class(re.compile(r"\bis-aborted\b"))
    assert here.is_the_same()
    assert folded.count() == 1 or inspector.locator(".json details[open]").count() > 1
    assert until(lambda: inspector.evaluate("it => it.scrollTop") == 200, "scrolled as before", 5)


def test_the_server_goes_away_and_comes_back(visit, world):
    """The page says that it is alone, and keeps what it has."""
    here = visit()
    here.open("/executions")
    expect(here.page.locator("#lost")).to_be_hidden()
    here.context.set_offline(True)
    # A connection that is open stays so: the browser is asked to see that it is gone.
    here.page.evaluate("dispatchEvent(new Event('offline'))")
    here.context.set_offline(False)
    expect(here.page.locator("h1")).to_contain_text("Executions")
