"""Which outcome is meant for which task."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ._errors import UnmockedTaskError
from ._native import closest


@dataclass(frozen=True)
class Task:
    """A Task state of a definition."""

    state: str
    resource: str
    #: The function that it invokes, where that stands in the definition.
    function: str | None

    def names(self, function: str | None = None) -> list[str]:
        """What it can be called in `tasks`, the closest name first."""
        function = function or self.function
        names = [self.state]
        if function:
            names += [function, bare_function(function)]
        names.append(self.resource)
        if ":::" in self.resource:
            names.append(self.resource.partition(":::")[2])
        return names

    def is_open(self) -> bool:
        """Whether only an execution knows which function it invokes."""
        return self.function is None and ":::lambda:invoke" in self.resource


def bare_function(function: str) -> str:
    """A function's name, of its ARN, with its version or alias or without."""
    return function.split(":")[6] if function.count(":") >= 6 else function.partition(":")[0]


class Known:
    """The tasks and readers of a definition."""

    def __init__(self, tasks: list[tuple[str, str, str | None]], readers: list[str]) -> None:
        self.tasks = [Task(*each) for each in tasks]
        self._readers = readers

    def task(self, state: str) -> Task:
        """The Task state of that name."""
        return next(task for task in self.tasks if task.state == state)

    def check(self, names: list[str]) -> None:
        """Refuses a name that no task has: its outcome would never be asked for."""
        known = list(dict.fromkeys(name for task in self.tasks for name in task.names()))
        if any(task.is_open() for task in self.tasks):
            # The function is in the input: any name may be one.
            return
        for name in names:
            if name not in known:
                raise _unknown("task", name, known, [task.state for task in self.tasks], "tasks")

    def items(self, items: Mapping[str, Any]) -> Mapping[str, Any]:
        """The same, where each is of a Map that reads."""
        for name in items:
            if name not in self._readers:
                raise _unknown("distributed Map with an ItemReader", name, self._readers, self._readers, "items")
        return items


def _unknown(kind: str, name: str, known: list[str], told: list[str], argument: str) -> ValueError:
    meant = closest(name, known)
    hint = f"did you mean {meant!r}?" if meant else f"there is {', '.join(told) or 'none'}"
    return ValueError(f"{argument} has {name!r}, and the definition has no such {kind}: {hint}")


class Tasks:
    """The outcomes of one execution."""

    def __init__(self, known: Known, outcomes: Mapping[str, Any]) -> None:
        known.check(list(outcomes))
        for name, outcome in outcomes.items():
            if isinstance(outcome, (list, tuple)) and not outcome:
                raise ValueError(f"tasks[{name!r}] is an empty list of outcomes: Returns([]) is an empty list as the output")
        self._known = known
        self._outcomes = outcomes
        self._taken: dict[str, int] = {}

    def take(self, state: str, resource: str, given: Any) -> Any:
        """The outcome of a task that begins now."""
        __tracebackhide__ = True
        task = self._known.task(state)
        function = given.get("FunctionName") if isinstance(given, Mapping) and ":::lambda:invoke" in resource else None
        name = next((name for name in task.names(function) if name in self._outcomes), None)
        if name is None:
            self._refuse(task, given)
        outcome = self._outcomes[name]
        if not isinstance(outcome, (list, tuple)):
            return outcome
        taken = self._taken.get(name, 0)
        self._taken[name] = taken + 1
        if taken >= len(outcome):
            raise UnmockedTaskError(
                f"state {state!r} is begun once more, and tasks[{name!r}] has {len(outcome)} outcome(s), all taken: add one"
            )
        return outcome[taken]

    def _refuse(self, task: Task, given: Any) -> NoReturn:
        __tracebackhide__ = True
        asked = json.dumps(given, ensure_ascii=False)
        asked = asked if len(asked) <= 500 else f"{asked[:500]}…"
        raise UnmockedTaskError(
            f"tasks has nothing for state {task.state!r} ({task.resource})\n"
            f"  add: tasks={{{json.dumps(task.state, ensure_ascii=False)}: …}}, a value, a TaskError or a callable\n"
            f"  it was given: {asked}"
        )
