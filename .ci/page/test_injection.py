"""Whatever names, logs and inputs say is text on the page, and what is secret is nowhere."""

import json
import random
import re
import time
import urllib.error
import urllib.request
from html.parser import HTMLParser
from urllib.parse import quote, urljoin, urlsplit

import pytest
from world import passes, until

SEED = 20261130
SECRET = "hunter2-Zq81-never-shown"
# What is an attack by itself.
ATTACKS = [
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "\"><svg/onload=window.pwned=1>",
    "' onmouseover='window.pwned=1",
    "</title><script>window.pwned=1</script>",
    "</textarea></pre></details><iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "javascript:window.pwned=1",
    "<a href=javascript:window.pwned=1>click</a>",
    "<base href=//evil.test/><link rel=stylesheet href=//evil.test/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.test/'>",
    "<form action=//evil.test/><button formaction=//evil.test/>",
    "<style>*{display:none}</style>",
    "<!--", "-->", "]]>", "&lt;script&gt;", "&#x3c;script&#x3e;", "{{7*7}}", "${7*7}", "%3Cscript%3E",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07", "nul\0nul", "abc\u202edef\u2066ghi", "\ufeff\u200b", "\r\nSet-Cookie: a=b",
    "../../../etc/passwd", "a/b?c=d&e=f#g", "日本語 🚀 é",
]
PARTS = ["<", ">", "\"", "'", "&", "`", "=", "/", "\\", "script", "img", "onerror=", " ", "\t", "\n", "\0", "\x1b[", "\u202e", "\u2028", "#", "%", "?", ";", "x", "日", "😀"]
HIDES = re.compile("[\0\x1b\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
# What is markup of the page itself: nothing else of the kind may be in it.
LOOKS = """() => {
  const wrong = [];
  if (window.pwned !== undefined) wrong.push("a script ran");
  for (const it of document.querySelectorAll("*")) {
    const name = it.localName;
    if (["iframe", "object", "embed", "base", "applet", "frame", "style"].includes(name)) wrong.push(it.outerHTML);
    if (name === "script" && !(new URL(it.src, location).pathname.startsWith("/assets/") && !it.textContent)) wrong.push(it.outerHTML);
    if (name === "img" && !new URL(it.src, location).pathname.startsWith("/assets/")) wrong.push(it.outerHTML);
    if (name === "meta" && it.httpEquiv) wrong.push(it.outerHTML);
    if (name === "link" && new URL(it.href, location).origin !== location.origin) wrong.push(it.outerHTML);
    for (const { name: key, value } of it.attributes) {
      if (/^on/i.test(key) || key === "srcdoc" || (key === "style" && !it.dataset.src)) wrong.push(`${key}=${value}`);
      if (["href", "src", "action", "formaction", "xlink:href", "data-src"].includes(key) && !value.startsWith("#") && new URL(value, location).origin !== location.origin) wrong.push(`${key}=${value}`);
    }
  }
  return wrong;
}"""


def fuzzed(count: int) -> list[str]:
    """Texts that mean harm, the same ones each time."""
    draw = random.Random(SEED)
    made = ["".join(draw.choices(PARTS, k=draw.randint(1, 12))) for _ in range(count - len(ATTACKS))]
    return ATTACKS + made


def names(texts: list[str], most: int) -> list[str]:
    """Names of states of them: at most 80 characters, each once."""
    return list(dict.fromkeys(f"{at} {text}"[:most] for at, text in enumerate(texts)))


@pytest.fixture(scope="module")
def harmful(world):
    """Executions whose every text means harm; their paths."""
    texts = fuzzed(320)
    paths = []
    for at in range(0, len(texts), 40):
        part = texts[at : at + 40]
        # Step Functions has no control characters in the names of states.
        states = names([re.sub(r"[\0-\x1f\x7f-\x9f\ufffe\uffff]", "·", text) for text in part], 80)
        definition = passes(*states)
        for name, text in zip(states, part):
            definition["States"][name] |= {"Comment": text, "Result": {text: [text]}, "ResultPath": "$.said"}
        last = definition["States"][states[-1]]
        last.clear()
        error, cause = part[at // 40 % len(part)], "\n".join(part)
        last.update({"Type": "Fail", "Error": error[:256], "Cause": cause})
        machine = world.machine(f"harmful-{at}", definition)
        ended = world.play(machine, "fails", {text: text for text in part})
        assert ended["status"] == "FAILED"
        paths += [f"/executions/harmful-{at}/fails?state={quote(name, safe='')}" for name in states[::8]]
        paths += [f"/executions/harmful-{at}/fails?tab={tab}" for tab in ("events", "timeline", "definition")]
        paths.append(f"/executions/harmful-{at}/fails?state=-")
    choice = {
        "StartAt": "C",
        "States": {
            "C": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.a", "StringEquals": text, "Next": "End"} for text in ATTACKS],
                "Default": "End",
            },
            "End": {"Type": "Succeed"},
        },
    }
    world.play(world.machine("harmful-choice", choice), "one", {"a": ATTACKS[0]})
    return [*paths, "/executions/harmful-choice/one"]


def looked_at(here, path: str) -> None:
    answer = here.open(path)
    assert not here.page.evaluate(LOOKS), path
    raw = answer.text()
    assert not HIDES.search(raw), (path, HIDES.search(raw))


def test_nothing_that_is_said_becomes_markup(visit, harmful):
    here = visit()
    for path in harmful:
        looked_at(here, path)


def test_parts_of_lists_are_text_too(visit, harmful):
    here = visit()
    for path in harmful:
        if "tab=events" in path or "tab=timeline" in path:
            here.open(path)
            for part in here.page.locator("[id^=events-], [id^=timeline-]").all():
                part.scroll_into_view_if_needed()
                until(lambda part=part: part.evaluate("it => it.childElementCount"), "a part")
            # What is in an event is read when it is opened.
            for event in here.page.locator(".eventrows > li > details").all()[:20]:
                event.locator("summary").first.click()
                inside = event.locator("[data-src]")
                until(lambda inside=inside: inside.evaluate("it => it.childElementCount"), "an event")
            assert not here.page.evaluate(LOOKS), path


def test_what_is_in_the_address_is_text(visit, world):
    here = visit()
    for text in fuzzed(45):
        told = quote(text, safe="")
        for path in (f"/search?q={told}", f"/executions/watched/slow?state={told}&in={told}&tab={told}&filter={told}&visit={told}"):
            looked_at(here, path)
    for text in ATTACKS:
        told = quote(text, safe="")
        for path in (f"/{told}", f"/executions/{told}/{told}", f"/runs/{told}/{told}", f"/jobs/{told}/{told}"):
            looked_at(here, path)


def test_a_definition_that_is_none_is_text(visit, world):
    """What no graph can be drawn of."""
    here = visit()
    for path in ("/executions?x=%00", "/part/events?execution=<script>", "/log?group=<script>&stream=<script>"):
        here.open(path)
        here.wrong.clear()
        assert not here.page.evaluate(LOOKS), path


class Links(HTMLParser):
    """The addresses that a document leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attributes):
        self.found += [value for name, value in attributes if name in ("href", "data-src", "src") and value]


def answers(page: str, most: int):
    """Each address of the page that others lead to, with what it answers."""
    waiting, known = ["/", "/runs", "/executions", "/jobs", "/models", "/permissions", "/events", "/functions", "/images", "/definitions"], set()
    while waiting and len(known) < most:
        path = waiting.pop(0)
        # One of each kind is enough of what differs by a name alone.
        if path in known or path.startswith("/set?"):
            continue
        known.add(path)
        try:
            with urllib.request.urlopen(page + path) as answer:
                body = answer.read().decode()
        except urllib.error.HTTPError as refused:
            body = refused.read().decode()
        yield path, body
        links = Links()
        links.feed(body)
        for link in links.found:
            parts = urlsplit(urljoin(page + path, link))
            if f"{parts.scheme}://{parts.netloc}" == page and parts.path != "/live":
                # What is secret comes first: there are more addresses than are looked at.
                told = parts.path + (f"?{parts.query}" if parts.query else "")
                if "secret" in told:
                    waiting.insert(0, told)
                elif "harmful" not in told and "many" not in told and "long" not in told:
                    waiting.append(told)


def test_a_secret_is_nowhere(world):
    world.client("ssm").put_parameter(Name="/secret/of-the-test", Value=SECRET, Type="SecureString")
    resolve = world.function("resolve")
    [deployed] = [
        machine["stateMachineArn"]
        for machine in world.states.list_state_machines()["stateMachines"]
        if machine["name"].startswith("ml-pipeline-dev")
    ][:1]
    role = world.states.describe_state_machine(stateMachineArn=deployed)["roleArn"]
    definition = {
        "StartAt": "Call",
        "States": {
            "Call": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": resolve, "Payload": {"parameters": {"secret": f"/{SECRET}"}, "password.$": "$.password"}},
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Fail"}],
                "Next": "Fail",
            },
            "Fail": {"Type": "Fail", "Error": "Secret", "CausePath": "$.password"},
        },
    }
    machine = world.machine("secret", definition, role)
    assert world.play(machine, "one", {"password": SECRET, "in a text": f"it is {SECRET}!", SECRET: 1})["status"] == "FAILED"
    logs = world.client("logs")
    group = f"/aws/lambda/{resolve}"
    stream = logs.describe_log_streams(logGroupName=group)["logStreams"][-1]["logStreamName"]
    said = [{"timestamp": int(time.time() * 1000), "message": f"the password is {SECRET}"}]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=said)
    world.client("s3").put_object(Bucket=world.client("s3").list_buckets()["Buckets"][0]["Name"], Key="secret.json", Body=json.dumps({"a": SECRET}))
    seen = 0
    for path, body in answers(world.page, 400):
        seen += 1
        assert SECRET not in body, path
    print(f"{seen} addresses, none with the secret")
    for path in ("/executions/secret/one?tab=definition", f"/search?q={SECRET}", "/log?" + f"group={quote(group)}&stream={quote(stream)}"):
        with urllib.request.urlopen(world.page + path) as answer:
            body = answer.read().decode()
            assert SECRET not in body or path.startswith("/search"), path
