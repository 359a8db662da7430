"""How an execution ended."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ._errors import ExecutionFailedError

#: As much of a value as one reads in a line.
_SHORT = 200


@dataclass(frozen=True)
class Call:
    """What was asked of a task, and what it brought."""

    #: The state's name.
    state: str
    #: `Resource` as written.
    resource: str
    #: What the task was given: the event of a function, or the arguments of a service's operation.
    input: Any
    #: How often it was tried before: 0 the first time.
    retry_count: int
    #: What it brought; None where it failed.
    output: Any = None
    #: The error's name, where it failed.
    error: str | None = None
    #: The error's cause, where it failed.
    cause: str | None = None


@dataclass(frozen=True, repr=False)
class Result:
    """How an execution ended, and all that happened in it."""

    #: AWS's word: SUCCEEDED, FAILED, TIMED_OUT, ABORTED (by `until`), or RUNNING where it waits for what will not come.
    status: str
    #: The output of an execution that succeeded.
    output: Any
    #: The error's name, of one that failed. One that took too long has none, as on AWS: its history has States.Timeout.
    error: str | None
    #: The error's cause, of one that failed.
    cause: str | None
    #: The events as GetExecutionHistory returns them, with times in seconds.
    history: list[dict[str, Any]]
    #: The tasks that were begun, in order.
    calls: list[Call]
    #: The texts that distributed Maps wrote, by `s3://bucket/key`.
    written: dict[str, str]

    @property
    def succeeded(self) -> bool:
        """Whether it succeeded."""
        return self.status == "SUCCEEDED"

    @property
    def states(self) -> list[str]:
        """The names of the states that were entered, in order, those within a Map or a Parallel among them."""
        details = (event.get("stateEnteredEventDetails") for event in self.history)
        return [each["name"] for each in details if each]

    def calls_of(self, state: str) -> list[Call]:
        """The calls of one state, its retries and a Map's iterations among them."""
        return [call for call in self.calls if call.state == state]

    def expect_success(self) -> Result:
        """Itself, if it succeeded; else raises an ExecutionFailedError that says why it did not."""
        if not self.succeeded:
            raise ExecutionFailedError(self)
        return self

    def __repr__(self) -> str:
        """One glance at it, which is what pytest shows: where it ended, and why."""
        states = self.states
        where = f" in {states[-1]!r}" if states and not self.succeeded else ""
        if self.succeeded:
            said = f" with {_short(json.dumps(self.output, ensure_ascii=False))}"
        elif self.error or self.cause:
            said = f" with {self.error or '(no error)'}" + (f": {_short(self.cause)}" if self.cause else "")
        else:
            said = ""
        path = " > ".join(states if len(states) <= 12 else [*states[:3], f"… {len(states) - 9} more …", *states[-6:]])
        return f"<{self.status}{where}{said}; states: {path}>"


def _short(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"
