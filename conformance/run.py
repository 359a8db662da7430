#!/usr/bin/env python3
"""The conformance suite of the Amazon States Language, against any endpoint that speaks the Step Functions API.

  run.py mocks FILE              writes the outcomes of the cases' tasks, as a mock file of Step Functions Local
  run.py run ENDPOINT [options]  runs the cases, and prints a table; exit code 1 where one failed
  run.py table FILE...           prints one table, in Markdown, of the results that `run --json` wrote

README.md says what a case is, and what an engine has to be given. Nothing but Python's standard library is needed.
"""
import argparse, collections, concurrent.futures, http.client, json, pathlib, re, sys, threading, time, urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
REGION, ACCOUNT = "us-east-1", "123456789012"
GRADES = ["passed", "failed", "refused", "not asked"]
# How engines say that they do not have something, be it in an error's name, its message or the cause of a failure.
IS_LACKING = re.compile(r"not (yet |currently )?(implemented|supported)|notimplemented|notinlocalrun|unsupported|UnknownOperation", re.I)


class Refused(Exception):
    """An operation was answered with an error."""

    def __init__(self, operation, status, error, message):
        super().__init__(f"{operation}: {status} {error}: {message}")
        self.operation, self.status, self.error, self.message = operation, status, error, message

    def is_lacking(self):
        return self.status == 501 or bool(IS_LACKING.search(self.error + " " + self.message))


class Endpoint:
    """An endpoint of AWS's APIs. Each thread has a connection of its own."""

    def __init__(self, url):
        self.url, self.local = urllib.parse.urlsplit(url), threading.local()

    def post(self, headers, body):
        for attempt in (1, 2):
            if not getattr(self.local, "connection", None):
                kind = http.client.HTTPSConnection if self.url.scheme == "https" else http.client.HTTPConnection
                self.local.connection = kind(self.url.netloc, timeout=120)
            try:
                self.local.connection.request("POST", "/", body, headers)
                answer = self.local.connection.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, ConnectionError):  # a connection that was kept and is closed by now
                self.local.connection.close()
                self.local.connection = None
                if attempt == 2:
                    raise

    def signed(self, service, headers):
        """Headers with a signature that is none: endpoints on this machine read who signs, for which service, and no more."""
        scope = f"test/20260101/{REGION}/{service}/aws4_request"
        return {**headers, "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
                "X-Amz-Date": "20260101T000000Z"}

    def call(self, target, operation, **body):
        """An operation of a service with the JSON protocol."""
        service = {"AWSStepFunctions": "states", "AmazonSQS": "sqs"}[target]
        headers = {"X-Amz-Target": f"{target}.{operation}", "Content-Type": "application/x-amz-json-1.0"}
        status, text = self.post(self.signed(service, headers), json.dumps(body).encode())
        try:
            answer = json.loads(text or b"{}")
        except ValueError:
            answer = {"message": text[:200].decode(errors="replace")}
        if status != 200:
            name = str(answer.get("__type") or answer.get("code") or "").split("#")[-1]
            raise Refused(operation, status, name, str(answer.get("message") or answer.get("Message") or ""))
        return answer

    def states(self, operation, **body):
        return self.call("AWSStepFunctions", operation, **body)

    def stack(self, operation, **fields):
        """An operation of CloudFormation, which has the query protocol: the answer's XML."""
        fields = urllib.parse.urlencode({"Action": operation, "Version": "2010-05-15", "StackName": "conformance", **fields})
        headers = self.signed("cloudformation", {"Content-Type": "application/x-www-form-urlencoded"})
        status, text = self.post(headers, fields.encode())
        if status != 200:
            raise Refused(operation, status, "", text[:300].decode(errors="replace"))
        return text.decode()


# A queue for tasks with a token, and a role that may send to it.
STACK = {"Resources": {
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "conformance"}},
    "Role": {"Type": "AWS::IAM::Role", "Properties": {
        "RoleName": "conformance",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
        "Policies": [{"PolicyName": "conformance", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["Queue", "Arn"]}},
            {"Effect": "Allow", "Action": ["events:PutRule", "events:PutTargets", "events:DescribeRule"], "Resource": "*"}]}}]}}}}


def make_stack(endpoint):
    """Makes the queue and the role; returns the queue's URL."""
    try:
        endpoint.stack("CreateStack", TemplateBody=json.dumps(STACK), **{"Capabilities.member.1": "CAPABILITY_NAMED_IAM"})
    except Refused as refused:
        if "AlreadyExists" not in refused.message:
            raise
    for _ in range(300):
        described = endpoint.stack("DescribeStacks")
        if "CREATE_COMPLETE" in described:
            return endpoint.call("AmazonSQS", "GetQueueUrl", QueueName="conformance")["QueueUrl"]
        if "FAILED" in described or "ROLLBACK" in described:
            break
        time.sleep(0.1)
    raise SystemExit(f"the stack was not made: {described[:600]}")


class Case:
    def __init__(self, path):
        self.name = path.relative_to(HERE / "cases").with_suffix("").as_posix()
        self.area = self.name.split("/")[0]
        self.content = json.loads(path.read_text(encoding="utf-8"))
        self.expected, self.tasks = self.content["expected"], self.content.get("tasks", {})
        self.machine = self.content.get("name") or "conformance-" + self.name.replace("/", "-")
        # What never answers cannot be mocked: its token goes to a queue.
        self.by_queue = any("never" in outcome for outcomes in self.tasks.values() for outcome in outcomes)

    def definition(self, queue):
        definition = self.content["definition"]
        text = definition if isinstance(definition, str) else json.dumps(definition)
        return text.replace("${Queue}", queue or "")

    def input(self):
        return self.content["input_text"] if "input_text" in self.content else json.dumps(self.content.get("input", {}))


def read_cases(only=""):
    paths = sorted((HERE / "cases").rglob("*.json"))
    return [case for case in map(Case, paths) if only in case.name]


def mocks(cases):
    """A mock file of Step Functions Local: for each case with tasks a state machine with the test case `Case`."""
    machines, responses = {}, {}
    for case in cases:
        if not case.tasks or case.by_queue:
            continue
        states = {}
        for state, outcomes in case.tasks.items():
            states[state] = f"{case.machine}-{state}"
            responses[states[state]] = {str(number): mocked(outcome) for number, outcome in enumerate(outcomes)}
        machines[case.machine] = {"TestCases": {"Case": states}}
    return {"StateMachines": machines, "MockedResponses": responses}


def mocked(outcome):
    if "fails" in outcome:
        return {"Throw": {"Error": outcome["fails"]["error"], "Cause": outcome["fails"]["cause"]}}
    return {"Return": outcome["returns"]}


class Worker(threading.Thread):
    """Takes tokens from the queue and answers for the tasks, as the cases say."""

    def __init__(self, endpoint, queue, cases):
        super().__init__(daemon=True)
        self.endpoint, self.queue, self.invocations = endpoint, queue, collections.Counter()
        self.tasks = {case.machine: case.tasks for case in cases}

    def run(self):
        while True:
            try:
                messages = self.endpoint.call("AmazonSQS", "ReceiveMessage", QueueUrl=self.queue, WaitTimeSeconds=1,
                                              MaxNumberOfMessages=10).get("Messages", [])
                for message in messages:
                    handle = message["ReceiptHandle"]
                    self.endpoint.call("AmazonSQS", "DeleteMessage", QueueUrl=self.queue, ReceiptHandle=handle)
                    self.answer(json.loads(message["Body"]))
            except (Refused, OSError, ValueError, KeyError) as error:
                print(f"the worker goes on after: {error}", file=sys.stderr)
                time.sleep(0.2)

    def answer(self, body):
        machine = body["execution"].rsplit(".", 1)[0]
        task = (machine, body["state"])
        outcomes = self.tasks.get(machine, {}).get(body["state"], [])
        number = self.invocations[task]
        self.invocations[task] += 1
        outcome = outcomes[number] if number < len(outcomes) else {"never": True}
        if "returns" in outcome:
            self.endpoint.states("SendTaskSuccess", taskToken=body["token"], output=json.dumps(outcome["returns"]))
        elif "fails" in outcome:
            self.endpoint.states("SendTaskFailure", taskToken=body["token"], **outcome["fails"])


class Suite:
    def __init__(self, endpoint, arguments):
        self.endpoint, self.seconds, self.tasks = endpoint, arguments.seconds, arguments.tasks
        self.run_id = f"{time.time_ns() // 1_000_000:x}"
        self.queue = make_stack(endpoint) if arguments.stack else None

    def grade(self, case):
        """(grade, why, whether the history is right or nothing)"""
        if case.by_queue and not self.queue:
            return "not asked", "it needs a queue: --stack", None
        if case.tasks and not case.by_queue:
            if self.tasks == "none":
                return "not asked", "it needs outcomes for its tasks: --tasks mocks", None
            if self.tasks == "first" and any(len(outcomes) > 1 for outcomes in case.tasks.values()):
                return "not asked", "the engine's mocks know one outcome for each state", None
        try:
            return self.play(case)
        except Refused as refused:
            want = case.expected.get("refused", {})
            errors = want.get("error", [])
            if refused.operation == want.get("operation") and refused.error in ([errors] if isinstance(errors, str) else errors):
                return "passed", "", None
            return "refused" if refused.is_lacking() else "failed", str(refused)[:400], None
        except Exception as error:  # an endpoint that breaks is a failed case, and no end of the run
            return "failed", f"{type(error).__name__}: {error}", None

    def play(self, case):
        role = f"arn:aws:iam::{ACCOUNT}:role/conformance"
        made = self.endpoint.states("CreateStateMachine", name=case.machine, definition=case.definition(self.queue),
                                    type=case.content.get("type", "STANDARD"), roleArn=role)
        arn = made["stateMachineArn"]
        try:
            to_start = arn + "#Case" if case.tasks and not case.by_queue else arn
            started = self.endpoint.states("StartExecution", stateMachineArn=to_start, input=case.input(),
                                           name=f"{case.machine[:66]}.{self.run_id}")
            described = self.wait(started["executionArn"])
            events = self.history_or_none(started["executionArn"])
        finally:
            try:
                self.endpoint.states("DeleteStateMachine", stateMachineArn=arn)
            except (Refused, OSError):
                pass  # what is left over is in nobody's way
        return judge(case.expected, described, events)

    def wait(self, arn):
        began, pause = time.monotonic(), 0.02
        while True:
            described = self.endpoint.states("DescribeExecution", executionArn=arn)
            if described["status"] != "RUNNING" or time.monotonic() - began > self.seconds:
                return described
            time.sleep(pause)
            pause = min(pause * 1.5, 0.3)

    def history_or_none(self, arn):
        """The events, or nothing where an engine does not have the operation: it is judged by outcomes alone."""
        try:
            return self.history(arn)
        except Refused as refused:
            if refused.is_lacking():
                return None
            raise

    def history(self, arn):
        events, page = [], {}
        while not events or page.get("nextToken"):
            more = {"nextToken": page["nextToken"]} if page.get("nextToken") else {}
            page = self.endpoint.states("GetExecutionHistory", executionArn=arn, maxResults=1000, **more)
            events += page["events"]
            if not page["events"]:
                break
        return events


def judge(expected, described, events):
    came_out = {"status": described["status"], "error": described.get("error"), "cause": described.get("cause")}
    if described["status"] == "SUCCEEDED":
        came_out["output_text"] = described.get("output")
        came_out["output"] = read_output(described.get("output"))
    elif events:  # not every engine tells the error when it describes an execution, and all have it in the history
        last = next((value for key, value in events[-1].items() if key.endswith("EventDetails")), {})
        for key in ("error", "cause"):  # an empty text is none
            came_out[key] = came_out[key] or last.get(key) or None
    if "refused" in expected:
        return "failed", f"{show(expected['refused'])} was expected, and it came out as {show(came_out)}", None
    wrong = [key for key in ("status", "output", "output_text", "error", "cause")
             if key in expected and not same(expected[key], came_out.get(key))]
    why = "" if not wrong else f"{show({key: expected[key] for key in wrong})} was expected, and it came out as {show(came_out)}"
    if wrong and came_out["status"] == "FAILED" and IS_LACKING.search(f"{came_out['error']} {came_out['cause']}"):
        return "refused", why, None
    history = None
    if "history" in expected and events is not None:
        told = [tell(event) for event in events]
        history = len(told) == len(expected["history"]) and all(map(same_event, expected["history"], told))
        if not wrong and not history:
            why = f"the history {show(expected['history'])} was expected, and it is {show(told)}"
    return "failed" if wrong else "passed", why, history


def read_output(text):
    """An output that is no JSON is taken for the text that it is: one case looks at that, and it hides nothing elsewhere."""
    try:
        return json.loads(text or "null")
    except ValueError:
        return text


def show(value):
    return json.dumps(value, ensure_ascii=False)[:600]


def tell(event):
    """An event as a line: `4<3 PassStateExited A`."""
    details = next((value for key, value in event.items() if key.endswith("EventDetails") and "name" in (value or {})), {})
    name = f" {details['name']}" if details else ""
    return f"{event['id']}<{event.get('previousEventId', '?')} {event['type']}{name}"


def same_event(expected, told):
    """Whether an event is as a line says, which may leave out what the event follows."""
    return expected == told or expected == re.sub(r"<\S+", "", told, count=1)


def same(a, b):
    """Whether two JSON values are the same: 1 and 1.0 are, and 1 and true are not."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def run(arguments):
    cases, endpoint = read_cases(arguments.only), Endpoint(arguments.endpoint)
    suite, began = Suite(endpoint, arguments), time.monotonic()
    if suite.queue:
        Worker(endpoint, suite.queue, [case for case in cases if case.by_queue]).start()
    # What waits longest comes first, so that nothing is waited for at the end.
    ordered = sorted(cases, key=lambda case: not (case.by_queue or case.area in ("timeouts", "retry-catch", "wait")))
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        graded = dict(zip((case.name for case in ordered), pool.map(suite.grade, ordered)))
    for case in cases:
        grade, why, history = graded[case.name]
        if grade in ("failed", "refused") or (arguments.verbose and why):
            print(f"{grade:10} {case.name}: {case.content['shows']}\n           {why}")
        elif history is False:
            print(f"history    {case.name}: {case.content['shows']}\n           {why}")
    areas = collections.defaultdict(collections.Counter)
    for case in cases:
        grade, _, history = graded[case.name]
        areas[case.area][grade] += 1
        if history is not None:
            areas[case.area]["histories"] += 1
            areas[case.area]["right"] += history is True
    print_areas(areas)
    total = sum(areas.values(), collections.Counter())
    print(f"{total['passed']} passed, {total['failed']} failed, {total['refused']} refused by name, {total['not asked']} not asked; "
          f"{total['right']} of {total['histories']} histories; {time.monotonic() - began:.1f} s")
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps({
            "engine": arguments.engine, "date": time.strftime("%Y-%m-%d"), "areas": areas,
            "cases": {name: {"grade": grade, "why": why} for name, (grade, why, _) in sorted(graded.items())}}, indent=1))
    return 1 if total["failed"] or total["right"] < total["histories"] else 0


def print_areas(areas):
    print(f"{'area':16} {'passed':>7} {'failed':>7} {'refused':>8} {'not asked':>10} {'histories':>10}")
    for area, counts in sorted(areas.items()):
        histories = f"{counts['right']}/{counts['histories']}" if counts["histories"] else "-"
        print(f"{area:16} {counts['passed']:7} {counts['failed']:7} {counts['refused']:8} {counts['not asked']:10} {histories:>10}")


def table(files):
    results = [json.loads(pathlib.Path(file).read_text()) for file in files]
    print("| area | cases | " + " | ".join(result["engine"] for result in results) + " |")
    print("| --- | ---: |" + " ---: |" * len(results))
    def row(title, of):
        print(f"| {title} | " + " | ".join(of) + " |")
    sums = [collections.Counter() for _ in results]
    for area in sorted(results[0]["areas"]):
        counts = [collections.Counter(result["areas"].get(area, {})) for result in results]
        for total, count in zip(sums, counts):
            total.update(count)
        row(f"`{area}`", [str(sum(counts[0][grade] for grade in GRADES))] + [str(count["passed"]) for count in counts])
    for grade in GRADES:
        row(f"**{grade}**" + (" by name" if grade == "refused" else ""), [""] + [str(total[grade]) for total in sums])
    row("**exact histories**", [""] + [f"{total['right']} of {total['histories']}" for total in sums])
    row("run on", [""] + [result["date"] for result in results])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    writing = commands.add_parser("mocks", help="writes a mock file of Step Functions Local")
    writing.add_argument("file")
    running = commands.add_parser("run", help="runs the cases against an endpoint")
    running.add_argument("endpoint")
    running.add_argument("--tasks", choices=["mocks", "first", "none"], default="none",
                         help="whether the engine was started with the file of `run.py mocks`; first: it was, and gives a "
                              "state's first outcome to every invocation, so that retries cannot be asked")
    running.add_argument("--stack", action="store_true",
                         help="makes a queue and a role by CloudFormation, for tasks that wait for a token")
    running.add_argument("--only", default="", metavar="TEXT", help="cases that have this in their names")
    running.add_argument("--jobs", type=int, default=12, help="how many cases run at once")
    running.add_argument("--seconds", type=float, default=20, help="how long one execution may take")
    running.add_argument("--verbose", action="store_true", help="says of cases that were not asked why")
    running.add_argument("--json", metavar="FILE", help="writes the results")
    running.add_argument("--engine", default="engine", help="the engine's name and version, for `table`")
    comparing = commands.add_parser("table", help="prints one table of several results")
    comparing.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    if arguments.command == "mocks":
        pathlib.Path(arguments.file).write_text(json.dumps(mocks(read_cases()), indent=1))
        return 0
    if arguments.command == "table":
        table(arguments.files)
        return 0
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
