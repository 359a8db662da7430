"""A page of somebody else, in the same browser: it can neither read the account nor do anything in it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from conftest import EVIL, Visit
from world import PIPELINE

# Everything that a page can try against another origin. Each try says what it could read, or null.
ATTACK = """async ({ target, paths, form }) => {
  const results = {};
  const within = (work) => Promise.race([work, new Promise((resolve) => setTimeout(() => resolve(null), 3000))]);
  const attempts = [];
  const attempt = (name, work) => attempts.push((async () => {
    try { results[name] = (await within(work())) || null; } catch { results[name] = null; }
  })());
  const element = (name, attributes) => new Promise((resolve) => {
    const it = Object.assign(document.createElement(name), attributes);
    it.onload = () => resolve("loaded");
    it.onerror = () => resolve(null);
    document.body.append(it);
  });
  for (const path of paths) {
    const url = target + path;
    attempt(`fetch ${path}`, async () => (await fetch(url)).text());
    attempt(`fetch with credentials ${path}`, async () => (await fetch(url, { credentials: "include" })).text());
    attempt(`fetch without cors ${path}`, async () => (await (await fetch(url, { mode: "no-cors" })).text()) || null);
    attempt(`image ${path}`, () => element("img", { src: url }));
    attempt(`script ${path}`, () => element("script", { src: url }));
    attempt(`style ${path}`, async () => {
      await element("link", { rel: "stylesheet", href: url });
      return [...document.styleSheets].some((sheet) => sheet.href === url && sheet.cssRules.length) ? "read" : null;
    });
    attempt(`frame ${path}`, async () => {
      const frame = document.createElement("iframe");
      frame.src = url;
      document.body.append(frame);
      await new Promise((resolve) => setTimeout(resolve, 300));
      return frame.contentWindow.document.body.textContent;
    });
    attempt(`events ${path}`, () => new Promise((resolve) => {
      const source = new EventSource(url);
      source.onopen = () => resolve("open");
      source.onerror = () => resolve(null);
    }));
    attempt(`window ${path}`, async () => {
      const other = open(url);
      await new Promise((resolve) => setTimeout(resolve, 300));
      try { return other.document.body.textContent; } finally { other?.close(); }
    });
  }
  for (const [path, fields] of form) {
    const url = target + path;
    const body = new URLSearchParams(fields);
    attempt(`post ${path}`, async () => (await fetch(url, { method: "POST", body })).text());
    attempt(`post without cors ${path}`, async () => (await (await fetch(url, { method: "POST", body, mode: "no-cors" })).text()) || null);
    attempt(`beacon ${path}`, async () => (navigator.sendBeacon(url, body), null));
    attempt(`form ${path}`, async () => {
      const sink = document.createElement("iframe");
      sink.name = "sink" + Math.random();
      const made = Object.assign(document.createElement("form"), { method: "post", action: url, target: sink.name });
      for (const [name, value] of body) made.append(Object.assign(document.createElement("input"), { name, value }));
      document.body.append(sink, made);
      made.submit();
      await new Promise((resolve) => setTimeout(resolve, 300));
      return null;
    });
  }
  await Promise.all(attempts);
  return results;
}"""


@pytest.fixture(scope="module")
def elsewhere():
    """The port of a page that belongs to nobody."""

    class Blank(BaseHTTPRequestHandler):
        def do_GET(self):
            body = BLANK.encode()
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Blank)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


BLANK = "<!doctype html><title>evil</title><body>"


@pytest.fixture
def foreign(browser, world, elsewhere):
    """A page at a foreign origin; what it is refused is written to its console, which is as it should be."""
    opened = []

    def at(host: str, rebound: int | None = None) -> Visit:
        """Where its name was rebound, the page itself came from the attacker, and what it asks for next comes from here."""
        here = Visit(browser, world)
        opened.append(here)
        url = f"http://{host}:{rebound or elsewhere}/first"
        if rebound:
            here.page.route(url, lambda route: route.fulfill(body=BLANK, content_type="text/html"))
        here.page.goto(url)
        return here

    yield at
    for here in opened:
        here.context.close()


PATHS = ["/", "/executions", "/assets/page.js", "/assets/page.css", "/assets/sign.svg", "/live", "/part/events", "/log"]


@pytest.fixture(scope="module")
def forms(world):
    """What a person can do on the page, as forms: each would change something."""
    failing = {"StartAt": "F", "States": {"F": {"Type": "Fail"}}}
    failed = world.play(world.machine("attacked", failing), "failed")["executionArn"]
    waiting = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9999, "End": True}}}
    waits = world.start(world.machine("attacked-too", waiting), "waits")
    run = world.runs()[0]["pipelineExecutionId"] if world.runs() else "none"
    fields = {"pipeline": PIPELINE, "execution": run, "stage": "Approve", "action": "Approve", "status": "Approved"}
    paths = ["/do/start", "/do/stop", "/do/retry", "/do/approve"]
    executions = [["/do/redrive", {"execution": failed}], ["/do/stop-execution", {"execution": waits}]]
    yield [[path, fields] for path in paths] + executions
    world.states.stop_execution(executionArn=waits)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", EVIL])
def test_another_page_reads_and_does_nothing(world, foreign, forms, host):
    before = world.everything()
    here = foreign(host)
    results = here.page.evaluate(ATTACK, {"target": world.page, "paths": PATHS, "form": forms})
    assert {name: said for name, said in results.items() if said is not None} == {}
    assert len(results) > 80
    for frame in here.page.frames[1:]:
        assert not frame.url.startswith(world.page) or "Stepline" not in frame.content(), frame.url
    assert world.everything() == before


def test_a_name_that_was_rebound_leads_nowhere(world, foreign, forms):
    before = world.everything()
    here = foreign(EVIL, urlsplit(world.page).port)
    said = here.page.evaluate(
        """async (form) => {
          const said = [];
          for (const path of ["/", "/executions", "/live", "/assets/page.js"]) said.push((await fetch(path)).status);
          for (const [path, fields] of form) said.push((await fetch(path, { method: "POST", body: new URLSearchParams(fields) })).status);
          return said;
        }""",
        forms,
    )
    assert set(said) == {403} and len(said) == 10, said
    assert here.page.goto(here.page.url.replace("first", "")).status == 403
    assert world.everything() == before


def test_what_every_answer_says_to_the_browser(world, visit):
    here = visit()
    for path in ("/", "/executions", "/nowhere", "/assets/page.js", "/log", "/part/events?execution=none"):
        answer = here.context.request.get(world.page + path)
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'", policy
        assert policy["base-uri"] == "'none'" and policy["form-action"] == "'self'", policy
        assert policy["script-src"] == "'self'" and policy["style-src"] == "'self'", policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers


def changed(before: dict, after: dict) -> dict:
    """What is new."""
    return {kind: [one for one in found if one not in before[kind]] for kind, found in after.items() if found != before[kind]}


def signed(service: str) -> str:
    """What presigns a request with a key that everybody knows; its secret is not looked at."""
    scope = f"test%2F20260101%2Fus-east-1%2F{service}%2Faws4_request"
    return f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={scope}&X-Amz-Date=20260101T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=00"


@pytest.mark.parametrize("host", ["127.0.0.1", EVIL])
def test_another_page_does_nothing_at_the_services(world, foreign, host):
    """The services' own port: whoever signs may ask there, but no page of a browser."""
    before = world.everything()
    functions = world.client("lambda").list_functions()["Functions"]
    bucket = world.client("s3").list_buckets()["Buckets"][0]["Name"]
    world.client("s3").put_object(Bucket=bucket, Key="private.js", Body=b"window.leaked = 1", ContentType="text/javascript")
    here = foreign(host)
    paths = [f"/?{signed('s3')}", f"/{bucket}/private.js?{signed('s3')}"]
    invoked = f"/2015-03-31/functions/{functions[0]['FunctionName']}/invocations?{signed('lambda')}"
    form = [[f"/?{signed('sns')}", {"Action": "CreateTopic", "Name": "pwned", "Version": "2010-03-31"}], [invoked, {"a": "b"}]]
    results = here.page.evaluate(ATTACK, {"target": world.endpoint, "paths": paths, "form": form})
    read = {name.split("?")[0]: said[:80] for name, said in results.items() if said is not None}
    assert (read, here.page.evaluate("window.leaked ?? null"), changed(before, world.everything())) == ({}, None, {})


def test_a_name_that_was_rebound_reads_nothing_at_the_services(world, foreign):
    before = world.everything()
    here = foreign(EVIL, urlsplit(world.endpoint).port)
    said = here.page.evaluate(
        """async () => {
          const scope = (service) => `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=00`;
          const ask = async (target, service, body) => {
            const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": target, authorization: scope(service) };
            const answer = await fetch("/", { method: "POST", headers, body: JSON.stringify(body) });
            return [answer.status, await answer.text()];
          };
          return [
            await ask("AWSStepFunctions.ListStateMachines", "states", {}),
            await ask("AmazonSSM.PutParameter", "ssm", { Name: "/pwned", Value: "1", Type: "String" }),
          ];
        }"""
    )
    assert [status for status, _ in said if status == 200] == [], said
    assert changed(before, world.everything()) == {}
