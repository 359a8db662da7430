"""What a task brings: the forms that an outcome can have, and how each is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ._errors import TaskError

#: The request that AWS's runtime names in a function's error. Here none is made.
_REQUEST = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Returns:
    """A value as it is: for a list, which would be one outcome for each attempt, or a callable."""

    value: Any


@dataclass(frozen=True)
class Takes:
    """An outcome that takes its time, on the execution's clock: `TimeoutSeconds` and a sibling's failure may come first."""

    seconds: float
    outcome: Any = None


#: A task that never ends by itself: `TimeoutSeconds`, or `HeartbeatSeconds`, ends it.
NEVER = Takes(float("inf"))


@dataclass(frozen=True)
class Ended:
    """How a task ended: with a JSON text, or else an error; and how long that took."""

    output: str | None
    error: str = ""
    cause: str = ""
    seconds: float = 0.0

    def native(self) -> tuple[str | None, str, str, float]:
        """As the native part takes it."""
        return self.output, self.error, self.cause, self.seconds


def lambda_function(handler: Callable[[Any, Any], Any], context: Any = None) -> Callable[[Any], Any]:
    """The handler of a Lambda function as a task: `tasks={"Score": lambda_function(score.handler)}`.

    Of `arn:aws:states:::lambda:invoke` it gets the `Payload`, and what it returns is answered as Lambda does; of a
    function's own ARN it gets the input. What it raises reaches the test, unless `task_errors` names it.
    """

    def play(given: Any) -> Any:
        if isinstance(given, Mapping) and "FunctionName" in given:
            return {"ExecutedVersion": "$LATEST", "Payload": handler(given.get("Payload"), context), "StatusCode": 200}
        return handler(given, context)

    play.__name__ = getattr(handler, "__name__", "lambda_function")
    return play


def play(outcome: Any, given: Any, resource: str, task_errors: tuple[type[BaseException], ...]) -> Ended:
    """What an outcome is for a task that is given this."""
    __tracebackhide__ = True
    if isinstance(outcome, Takes):
        ended = play(outcome.outcome, given, resource, task_errors)
        return Ended(ended.output, ended.error, ended.cause, min(outcome.seconds, 1e12))
    if isinstance(outcome, Returns):
        return Ended(to_json(outcome.value))
    if isinstance(outcome, type) and issubclass(outcome, BaseException):
        outcome = raised_by(outcome)
    if isinstance(outcome, BaseException):
        return _failed(outcome, resource)
    if not callable(outcome):
        return Ended(to_json(outcome))
    declared: tuple[type[BaseException], ...] = (TaskError, *task_errors)
    try:
        result = outcome(given)
    except declared as error:
        return _failed(error, resource)
    if isinstance(result, (Returns, Takes)):
        return play(result, given, resource, task_errors)
    return Ended(to_json(result))


def raised_by(exception: type[BaseException]) -> BaseException:
    """An exception of a class that was given without arguments."""
    try:
        return exception()
    except TypeError as error:
        raise TypeError(f"{exception.__name__} needs arguments: give an instance of it as the outcome") from error


def _failed(error: BaseException, resource: str) -> Ended:
    """The error of a task. Other exceptions than TaskError are named as Lambda names those of a function in Python."""
    if isinstance(error, TaskError):
        return Ended(None, error.error, error.cause)
    name, message = type(error).__name__, str(error)
    if ":lambda:" in resource:
        told = {"errorMessage": message, "errorType": name, "requestId": _REQUEST, "stackTrace": []}
        return Ended(None, name, json.dumps(told, separators=(",", ":")))
    return Ended(None, name, message)


def to_json(value: Any) -> str:
    """The JSON text of a value; what JSON has not is refused, as Lambda and Step Functions do."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False)
