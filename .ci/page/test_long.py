"""What is long opens in parts: bytes and elements are bounded, times are printed and never asserted."""

import urllib.request

import pytest

FIRST = 100_000
PART = 300_000
ELEMENTS = 20_000
# The most that a history has.
EVENTS = 25_000
ITERATIONS = 10_000
EXECUTIONS = 1000

LOOP = {
    "QueryLanguage": "JSONata",
    "StartAt": "Count",
    "States": {
        "Count": {"Type": "Pass", "Output": {"n": "{% $states.input.n + 1 %}"}, "Next": "More"},
        "More": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.n < 6249 %}", "Next": "Count"}],
            "Default": "Done",
        },
        "Done": {"Type": "Pass", "End": True},
    },
}


def each(mode: str) -> dict:
    config = {"Mode": mode} | ({"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {})
    inner = {"ProcessorConfig": config, "StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}}
    return {"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemProcessor": inner, "End": True}}}


@pytest.fixture(scope="module")
def long(world):
    """What is long, by what it is: the path, and what is in sight when it is there."""
    looped = world.play(world.machine("long-loop", LOOP), "one", {"n": 0})
    newest = world.states.get_execution_history(executionArn=looped["executionArn"], reverseOrder=True, maxResults=1)
    assert newest["events"][0]["id"] == EVENTS
    # A history ends at 25,000 events: inline, not all of so many iterations come to their ends.
    world.play(world.machine("long-map", each("INLINE")), "one", list(range(ITERATIONS)))
    world.play(world.machine("long-map-fits", each("INLINE")), "one", list(range(6000)))
    world.play(world.machine("long-distributed", each("DISTRIBUTED")), "one", list(range(ITERATIONS)))
    many = world.machine("many", {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    for at in range(EXECUTIONS):
        world.start(many, f"many-{at:04}")
    events = "#canvas .eventrows li"
    return {
        "25,000 events: graph": ("/executions/long-loop/one", "#graph svg"),
        "25,000 events: events": ("/executions/long-loop/one?tab=events", events),
        "25,000 events: timeline": ("/executions/long-loop/one?tab=timeline", "#canvas .bars li"),
        "25,000 events: a state": ("/executions/long-loop/one?state=Count", "#inspector .visits"),
        "10,000 iterations: graph": ("/executions/long-map/one", "#graph svg"),
        "10,000 iterations: events": ("/executions/long-map/one?tab=events", events),
        "10,000 iterations: state": ("/executions/long-map/one?state=Each", "#inspector h2"),
        "10,000 iterations: one": ("/executions/long-map/one?state=One&in=Each%3A7", "#inspector h2"),
        "6,000 iterations: graph": ("/executions/long-map-fits/one", "#graph svg"),
        "10,000 distributed": ("/executions/long-distributed/one", "#graph svg"),
        "1,000 executions": ("/executions/many", "table.rows tbody tr"),
    }


# What scrolls most, through to its end, a screen in each frame; the time between frames is noted.
SCROLLS = """async () => {
  const all = [document.scrollingElement, ...document.querySelectorAll(".pane, .scroll, .lines")];
  const room = (it) => it.scrollHeight - it.clientHeight;
  const it = all.reduce((most, one) => (room(one) > room(most) ? one : most));
  const frames = [];
  let last = performance.now();
  // A browser that draws no frame any more shall not hang the test.
  const frame = () => new Promise((drawn) => {
    requestAnimationFrame(drawn);
    setTimeout(() => drawn(performance.now()), 5_000);
  });
  for (let at = 0; at < 200; at++) {
    const now = await frame();
    frames.push(now - last);
    last = now;
    it.scrollTop += it.clientHeight / 2;
    if (it.scrollTop >= room(it) - 1) break;
  }
  return { frames: frames.length, slow: frames.filter((one) => one > 50).length, worst: Math.round(Math.max(...frames)) };
}"""
TIMES = """() => {
  const it = performance.getEntriesByType("navigation")[0];
  return { answer: it.responseEnd, load: it.loadEventEnd, bytes: it.encodedBodySize };
}"""


def test_what_is_long_opens_in_parts(visit, world, long):
    rows, wrong = [], []
    for name, (path, sight) in long.items():
        for again in ("", "again"):
            here = visit()
            parts = []
            here.page.on("response", lambda answer: parts.append(answer) if "/part/" in answer.url else None)
            here.open(path)
            here.page.locator(sight).first.wait_for(state="attached")
            seen = here.page.evaluate("performance.now()")
            here.page.wait_for_load_state("load")
            times = here.page.evaluate(TIMES)
            scrolled = here.page.evaluate(SCROLLS)
            elements = here.page.evaluate("document.querySelectorAll('*').length")
            largest = max((len(answer.body()) for answer in parts), default=0)
            shown = f"{times['answer']:6.0f} {times['load']:6.0f} {seen:6.0f}"
            rows.append(
                f"{name:28} {again:5} {times['bytes']:8} {largest:8} {elements:8} {shown} "
                f"{scrolled['frames']:5} {scrolled['slow']:5} {scrolled['worst']:5}"
            )
            if times["bytes"] > FIRST:
                wrong.append(f"{name}: {times['bytes']} bytes at first")
            if largest > PART:
                wrong.append(f"{name}: {largest} bytes in a part")
            if elements > ELEMENTS:
                wrong.append(f"{name}: {elements} elements")
            here.context.close()
    heads = f"{'':34} {'bytes':>8} {'part':>8} {'elements':>8} {'answer':>6} {'load':>6} {'seen':>6} {'frames':>5} {'>50ms':>5} {'worst':>5}"
    print("\n" + "\n".join([heads, *rows]))
    assert not wrong, "\n".join(dict.fromkeys(wrong))


def test_everything_long_is_there(visit, world, long):
    """To the last event, iteration and execution."""
    here = visit()
    here.open("/executions/long-loop/one?tab=events")
    assert here.page.locator("[id^=events-]").count() == EVENTS // 200
    here.page.locator("[id^=events-]").last.scroll_into_view_if_needed()
    here.page.locator(f"li[value='{EVENTS}']").wait_for()
    here.open("/executions/long-map/one")
    assert f"of {ITERATIONS}" in here.page.locator("#graph").inner_text().replace(",", "")
    with urllib.request.urlopen(world.page + "/executions/many") as answer:
        assert "1000" in answer.read().decode().replace(",", "")
    here.open("/executions/many")
    here.page.mouse.wheel(0, 10**6)
    here.page.locator("text=many-0000").first.wait_for(state="attached")
