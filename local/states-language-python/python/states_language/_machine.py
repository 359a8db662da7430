"""State machines, and executions of them with tasks of Python."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from . import _native
from ._checking import findings
from ._definition import Definition, from_value, read_file
from ._errors import InvalidDefinitionError
from ._host import Host
from ._result import Result
from ._tasks import Known, Tasks


class StateMachine:
    """A definition that was read and found in order. It can be run any number of times."""

    def __init__(
        self,
        definition: str | Mapping[str, Any],
        substitutions: Mapping[str, Any] | None = None,
        *,
        express: bool = False,
    ) -> None:
        """A state machine of a definition: an object, or its JSON text.

        `substitutions` fill in `${Name}`, as DefinitionSubstitutions of SAM, CloudFormation and the CDK do; where they are
        given, each name in the definition needs one. Raises InvalidDefinitionError with all that is wrong with it.
        """
        self._read(from_value(definition, substitutions), express)

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        substitutions: Mapping[str, Any] | None = None,
        *,
        express: bool = False,
    ) -> StateMachine:
        """A state machine of a file: in YAML where its name ends in .yaml or .yml, else in JSON."""
        machine = cls.__new__(cls)
        machine._read(read_file(path, substitutions), express)
        return machine

    def _read(self, definition: Definition, express: bool) -> None:
        found = findings(definition, express)
        if any(finding.severity == "ERROR" for finding in found):
            raise InvalidDefinitionError(definition.name, found)
        self._name = definition.name
        self._express = express
        self._machine = _native.Machine(definition.text)
        self._known = Known(self._machine.tasks, self._machine.readers)
        #: The definition as JSON text, with its substitutions.
        self.definition = definition.text

    def __repr__(self) -> str:
        return f"<StateMachine {self._name}>"

    @property
    def tasks(self) -> dict[str, str]:
        """The states that need something in `tasks`, by their names, with their resources."""
        return {task.state: task.resource for task in self._known.tasks}

    def run(
        self,
        input: Any = None,
        tasks: Mapping[str, Any] | None = None,
        *,
        items: Mapping[str, Any] | None = None,
        task_errors: type[BaseException] | Sequence[type[BaseException]] = (),
        name: str = "execution",
        start_time: datetime | None = None,
        variables: Mapping[str, Any] | None = None,
        start_at: str | None = None,
        until: str | None = None,
        state_machine_name: str = "StateMachine",
        role_arn: str = "arn:aws:iam::123456789012:role/states",
        region: str = "us-east-1",
        account: str = "123456789012",
        seed: int = 0,
    ) -> Result:
        """Runs an execution to its end, without waiting, and says how it ended.

        Args:
            input: What the execution is started with; `{}` where nothing is given.
            tasks: What each task brings, by the state's name, the function (`score`, or its ARN), or the resource
                (`arn:aws:states:::lambda:invoke`, or short: `lambda:invoke`); the first of these that is there counts.
                An outcome is a value, which is the output; a TaskError or another exception, or a class of one; or a
                callable, which is given what the task is given, and returns the output. A list has one outcome for each
                attempt. `Returns`, `Takes` and `NEVER` are for what these cannot say.
            items: What distributed Maps read, by the Map's name: a list of items for JSON or a listing, bytes or text for
                an object of any format, or a callable that is given the reader's arguments and returns one of these.
            task_errors: Classes of exceptions that are errors of tasks where a callable raises them. Any other exception
                than these and TaskError reaches the caller as it is.
            name: `Execution.Name` in the context object.
            start_time: `Execution.StartTime`, where the execution's clock begins: 2026-01-01T00:00:00Z by default.
            variables: Variables that have values from the beginning.
            start_at: The state to begin with, in the place of the definition's; `input` is what it is given.
            until: The state after which the execution is stopped; the result's status is ABORTED then.
            state_machine_name: `StateMachine.Name`.
            role_arn: `Execution.RoleArn`.
            region: The region in ARNs.
            account: The account in ARNs.
            seed: What random numbers, UUIDs and jitter come from.

        Raises:
            UnmockedTaskError: A task was begun that `tasks` has nothing for.
            ValueError: The input, or an option, is none that an execution could have.
        """
        __tracebackhide__ = True
        errors = (task_errors,) if isinstance(task_errors, type) else tuple(task_errors)
        host = Host(Tasks(self._known, tasks or {}), self._known.items(items or {}), errors)
        options: dict[str, Any] = {
            "name": name,
            "state_machine_name": state_machine_name,
            "role_arn": role_arn,
            "region": region,
            "account": account,
            "seed": seed,
            "is_express": self._express,
        }
        if start_time is not None:
            options["start_time"] = _milliseconds(start_time)
        if variables is not None:
            options["variables"] = _text(dict(variables), "variables")
        for option, state in (("start_at", start_at), ("until", until)):
            if state is not None:
                options[option] = state
        given = _text({} if input is None else input, "the input")
        status, output, error, cause, history = self._machine.run(given, host, options)
        return Result(
            status=status,
            output=None if output is None else json.loads(output),
            error=error,
            cause=cause,
            history=json.loads(history),
            calls=host.calls,
            written=host.written,
        )


def _text(value: Any, what: str) -> str:
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{what} cannot be JSON: {error}") from error


def _milliseconds(time: datetime) -> int:
    """A time without a zone is one of UTC: the same wherever a test runs."""
    if time.tzinfo is None:
        time = time.replace(tzinfo=timezone.utc)
    return round(time.timestamp() * 1000)

