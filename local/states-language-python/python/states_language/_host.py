"""What the native part asks while an execution runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ._errors import UnmockedTaskError
from ._outcomes import play, to_json
from ._result import Call
from ._tasks import Tasks


class Host:
    """Does the work of one execution, and keeps what was asked."""

    def __init__(self, tasks: Tasks, items: Mapping[str, Any], task_errors: tuple[type[BaseException], ...]) -> None:
        self._tasks = tasks
        self._items = items
        self._task_errors = task_errors
        self.calls: list[Call] = []
        self.written: dict[str, str] = {}

    def play(
        self, state: str, resource: str, parameters: str, retry_count: int, token: str | None
    ) -> tuple[str | None, str, str, float]:
        """A task: its JSON output, or its error and cause; and how many seconds it takes."""
        __tracebackhide__ = True
        given = json.loads(parameters)
        outcome = self._tasks.take(state, resource, given)
        try:
            ended = play(outcome, given, resource, self._task_errors)
        except BaseException as error:
            _add_note(error, f"in the task of state {state!r} ({resource})")
            raise
        # What a callable did to its argument is its own business.
        given = json.loads(parameters)
        if ended.output is not None:
            call = Call(state, resource, given, retry_count, output=json.loads(ended.output))
        else:
            call = Call(state, resource, given, retry_count, error=ended.error, cause=ended.cause)
        self.calls.append(call)
        return ended.native()

    def read(self, state: str, operation: str, parameters: str) -> bytes | str:
        """The items of a distributed Map: an object's bytes, or the JSON of a listing."""
        __tracebackhide__ = True
        if state not in self._items:
            raise UnmockedTaskError(
                f"items has nothing for the Map {state!r}, which reads by s3:{operation}\n"
                f"  add: items={{{json.dumps(state, ensure_ascii=False)}: […]}}\n"
                f"  it was given: {parameters}"
            )
        items = self._items[state]
        if callable(items):
            items = items(json.loads(parameters))
        if operation == "listObjectsV2":
            return to_json(list(items))
        if isinstance(items, bytes):
            return items
        return (items if isinstance(items, str) else to_json(items)).encode()

    def write(self, state: str, bucket: str, files: list[tuple[str, str]]) -> None:
        """The results of a distributed Map."""
        self.written.update({f"s3://{bucket}/{key}": text for key, text in files})


def _add_note(error: BaseException, note: str) -> None:
    """Says where it was raised, below the traceback; Python 3.10 has no such notes."""
    if hasattr(error, "add_note"):
        error.add_note(note)
