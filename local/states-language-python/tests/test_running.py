"""What a run does with what it is given."""

import datetime
import json
import threading
import traceback
from unittest import mock

import pytest

from states_language import (
    NEVER, ExecutionFailedError, InvalidDefinitionError, Returns, StateMachine, Takes, TaskError, UnmockedTaskError,
    lambda_function,
)

INVOKE = "arn:aws:states:::lambda:invoke"
SCORE = "arn:aws:lambda:us-east-1:123456789012:function:score"


def chain(**states):
    """A definition of these states, one after the other."""
    names = list(states)
    following = [*({"Next": name} for name in names[1:]), {"End": True}]
    flow = {
        name: {"Type": "Task", "Resource": SCORE, **state, **then}
        for (name, state), then in zip(states.items(), following, strict=True)
    }
    return StateMachine({"StartAt": names[0], "States": flow})


ONE = chain(Score={})


@pytest.mark.parametrize("outcome, expected", [
    ({"score": 1}, {"score": 1}),
    (None, None),
    ("text", "text"),
    (lambda given: given["a"] + 1, 2),
    ([3], 3),
    (Returns([3]), [3]),
    (lambda given: [given], [{"a": 1}]),
    (lambda given: Returns([given]), [{"a": 1}]),
    (mock.Mock(return_value={"über": "ß"}), {"über": "ß"}),
    (Takes(30, lambda given: 4.5), 4.5),
])
def test_an_outcome_becomes_the_output(outcome, expected):
    assert ONE.run({"a": 1}, {"Score": outcome}).expect_success().output == expected


@pytest.mark.parametrize("key", ["Score", "score", SCORE])
def test_a_function_is_found_by_state_name_and_arn(key):
    assert ONE.run({}, {key: 1}).output == 1


@pytest.mark.parametrize("name, keys", [
    ("score:live", ["Invoke", "score", "score:live", INVOKE, "lambda:invoke"]),
    (f"{SCORE}:live", ["Invoke", "score", f"{SCORE}:live", INVOKE, "lambda:invoke"]),
])
def test_an_invocation_is_found_by_state_function_and_resource(name, keys):
    written = chain(Invoke={"Resource": INVOKE, "Parameters": {"FunctionName": name}})
    # The function that only the execution knows is found, too.
    open_one = chain(Invoke={"Resource": INVOKE, "Parameters": {"FunctionName.$": "$.name"}})
    for key in keys:
        assert written.run({}, {key: 1}).output == 1
        assert open_one.run({"name": name}, {key: 1}).output == 1


def test_the_closest_name_counts():
    machine = chain(First={"Resource": INVOKE, "Parameters": {"FunctionName": "a"}},
                    Second={"Resource": INVOKE, "Parameters": {"FunctionName": "b"}})
    result = machine.run({}, {"lambda:invoke": 1, "b": 2})
    assert [call.output for call in result.calls] == [1, 2]


def test_errors_are_retried_and_caught_by_their_names():
    retried = {"Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 3600}]}
    caught = {"Catch": [{"ErrorEquals": ["CardDeclined"], "ResultPath": "$.error", "Next": "After"}]}
    machine = chain(Score={**retried, **caught}, After={})
    declined = type("CardDeclined", (Exception,), {})
    for outcome in (declined("no money"), declined, TaskError("CardDeclined", "no money")):
        result = machine.run({}, {"Score": [TaskError("Busy"), outcome], "After": {}}).expect_success()
        assert result.states == ["Score", "After"]
        assert [call.retry_count for call in result.calls_of("Score")] == [0, 1]
    result = machine.run({}, {"Score": declined("no money"), "After": lambda given: given["error"]})
    assert result.output["Error"] == "CardDeclined"
    assert json.loads(result.output["Cause"])["errorMessage"] == "no money"


def test_nothing_waits_and_time_is_the_executions():
    machine = chain(Sleep={"TimeoutSeconds": 5})
    for outcome in (NEVER, Takes(6, {})):
        result = machine.run({}, {"Sleep": outcome})
        assert (result.status, result.error) == ("FAILED", "States.Timeout")
        assert result.history[-1]["timestamp"] - result.history[0]["timestamp"] == 5
    assert machine.run({}, {"Sleep": Takes(4, {})}).succeeded


def test_the_context_is_what_one_says():
    state = {"Type": "Pass", "Parameters": {"id.$": "$$.Execution.Id", "at.$": "$$.Execution.StartTime"}, "End": True}
    machine = StateMachine({"StartAt": "A", "States": {"A": state}})
    time = datetime.datetime(2027, 3, 4, 5, 6, 7, 8000)
    result = machine.run(name="run-1", start_time=time, region="eu-west-1", account="210987654321", state_machine_name="m")
    assert result.output == {
        "id": "arn:aws:states:eu-west-1:210987654321:execution:m:run-1", "at": "2027-03-04T05:06:07.008Z",
    }


def test_the_history_is_awss_own():
    history = ONE.run({"a": 1}, {"Score": {}}).history
    assert [event["type"] for event in history] == [
        "ExecutionStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
        "LambdaFunctionSucceeded", "TaskStateExited", "ExecutionSucceeded",
    ]
    assert history[0]["executionStartedEventDetails"]["input"] == '{"a": 1}'


def test_an_exception_of_a_callable_reaches_the_test_as_itself_with_its_traceback():
    class Wrong(Exception):
        pass

    def broken(given):
        raise Wrong("here")

    everything = {"ErrorEquals": ["States.ALL"]}
    machine = chain(Score={"Retry": [everything], "Catch": [{**everything, "Next": "B"}]}, B={})
    with pytest.raises(Wrong, match="here") as raised:
        machine.run({}, {"Score": broken, "B": {}})
    assert [frame.name for frame in traceback.extract_tb(raised.tb)][-1] == "broken"
    if hasattr(raised.value, "__notes__"):
        assert raised.value.__notes__ == [f"in the task of state 'Score' ({SCORE})"]
    # One that is declared is an error of the task.
    result = machine.run({}, {"Score": broken, "B": {}}, task_errors=Wrong)
    assert [call.error for call in result.calls] == ["Wrong"] * 4 + [None]


def test_an_assertion_in_a_callable_fails_the_test_within_a_map():
    inner = {"StartAt": "Each", "States": {"Each": {"Type": "Task", "Resource": SCORE, "End": True}}}
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]
    machine = StateMachine({"StartAt": "All", "States": {
        "All": {"Type": "Map", "ItemProcessor": inner, "Catch": catch, "Next": "Done"}, "Done": {"Type": "Succeed"},
    }})

    def positive(given):
        assert given > 0
        return given

    assert machine.run([1, 2], {"Each": positive}).output == [1, 2]
    seen = []
    with pytest.raises(AssertionError):
        machine.run([1, -2, 3], {"Each": lambda given: seen.append(given) or positive(given)})
    assert seen == [1, -2], "nothing goes on behind what was raised"


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), object(), datetime.date(2026, 1, 1)])
def test_what_json_has_not_is_refused_and_the_state_is_named(value):
    with pytest.raises((TypeError, ValueError)) as raised:
        ONE.run({}, {"Score": value})
    if hasattr(raised.value, "__notes__"):
        assert "'Score'" in raised.value.__notes__[0]
    with pytest.raises((TypeError, ValueError), match="the input cannot be JSON"):
        ONE.run({"value": value}, {})


def test_a_state_without_an_outcome_says_what_to_add():
    machine = chain(Score={"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}]}, B={})
    with pytest.raises(UnmockedTaskError) as raised:
        machine.run({"a": 1}, {"B": {}})
    assert str(raised.value) == (
        f"tasks has nothing for state 'Score' ({SCORE})\n"
        '  add: tasks={"Score": …}, a value, a TaskError or a callable\n'
        '  it was given: {"a": 1}'
    )


def test_a_list_that_has_run_out_says_so():
    machine = chain(Score={"Retry": [{"ErrorEquals": ["States.ALL"]}]})
    with pytest.raises(UnmockedTaskError, match=r"tasks\['Score'\] has 2 outcome\(s\), all taken: add one"):
        machine.run({}, {"Score": [TaskError("A"), TaskError("A")]})


@pytest.mark.parametrize("tasks, said", [
    ({"Scoer": 1}, "tasks has 'Scoer', and the definition has no such task: did you mean 'Score'?"),
    ({"Quite-other": 1}, "there is Score"),
    ({"Score": []}, "Returns"),
])
def test_tasks_that_nothing_would_ask_for_are_refused(tasks, said):
    with pytest.raises(ValueError) as raised:
        ONE.run({}, tasks)
    assert said in str(raised.value)


def test_a_handler_of_lambda_is_called_as_lambda_calls_it():
    def handler(event, context):
        return {"got": event, "context": context}

    direct = ONE.run({"a": 1}, {"Score": lambda_function(handler, context="c")})
    assert direct.output == {"got": {"a": 1}, "context": "c"}
    machine = chain(Score={"Resource": INVOKE, "Parameters": {"FunctionName": "score", "Payload.$": "$"}})
    output = machine.run({"a": 1}, {"score": lambda_function(handler)}).output
    assert output == {"ExecutedVersion": "$LATEST", "Payload": {"got": {"a": 1}, "context": None}, "StatusCode": 200}


def test_a_failed_result_says_why():
    result = ONE.run({}, {"Score": TaskError("Broken", "x" * 300)})
    assert repr(result) == f"<FAILED in 'Score' with Broken: {'x' * 200}…; states: Score>"
    with pytest.raises(ExecutionFailedError, match="FAILED in 'Score' with Broken"):
        result.expect_success()
    assert (result.output, result.succeeded) == (None, False)


def test_an_execution_stops_after_a_state():
    machine = chain(A={}, B={}, C={})
    result = machine.run({}, {"A": 1, "B": 2}, start_at="B", until="B")
    assert (result.status, result.states) == ("ABORTED", ["B"])
    with pytest.raises(ValueError, match="has no state `Q`"):
        machine.run({}, {}, start_at="Q")


def test_a_distributed_map_reads_and_writes():
    inner = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Each",
             "States": {"Each": {"Type": "Task", "Resource": SCORE, "End": True}}}
    state = {
        "Type": "Map", "ItemProcessor": inner, "End": True,
        "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation":
            "FIRST_ROW"}, "Parameters": {"Bucket": "b", "Key": "k.csv"}},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "out"}},
    }
    machine = StateMachine({"StartAt": "All", "States": {"All": state}})
    asked = []
    result = machine.run({}, {"Each": {}}, items={"All": lambda given: asked.append(given) or "a,b\n1,2\n3,4\n"})
    assert asked == [{"Bucket": "b", "Key": "k.csv"}]
    assert [call.input for call in result.expect_success().calls] == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert any(name.startswith("s3://b/out/") and name.endswith("manifest.json") for name in result.written)
    with pytest.raises(UnmockedTaskError, match="items has nothing for the Map 'All'"):
        machine.run({}, {"Each": {}})
    with pytest.raises(ValueError, match="items has 'Alls', and the definition has no such distributed Map"):
        machine.run({}, {"Each": {}}, items={"Alls": []})


def test_others_run_while_it_computes():
    """Two threads whose tasks wait for each other: neither could end if one held Python's lock while it computes."""
    meeting = threading.Barrier(2, timeout=30)
    machine = chain(Score={})
    results = []

    def run():
        results.append(machine.run({}, {"Score": lambda given: meeting.wait() * 0}).output)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [0, 0]


def test_a_wrong_definition_says_all_that_is_wrong():
    with pytest.raises(InvalidDefinitionError) as raised:
        StateMachine({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}})
    assert "MISSING_TRANSITION_TARGET" in str(raised.value)
    assert raised.value.findings[0].pointer == "/States/A/Next"


def test_the_input_has_awss_limit():
    with pytest.raises(ValueError, match="262144 bytes"):
        ONE.run("x" * 262_145, {"Score": {}})
