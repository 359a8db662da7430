"""What is raised, and the errors of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._checking import Finding
    from ._result import Result


class TaskError(Exception):
    """An error of a task, as a service or a function gives it: `Retry` and `Catch` see its name.

    As an outcome, or raised by a callable: `TaskError("SageMaker.ResourceLimitExceededException", "no such instance free")`.
    """

    def __init__(self, error: str, cause: str = "") -> None:
        if not isinstance(error, str) or not error:
            raise TypeError("a TaskError has the error's name, such as TaskError('States.TaskFailed')")
        if not isinstance(cause, str):
            raise TypeError("the cause of a TaskError is a text: json.dumps(…) makes one of an object")
        super().__init__(error, cause)
        self.error = error
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.error}: {self.cause}" if self.cause else self.error


class InvalidDefinitionError(ValueError):
    """A definition that Step Functions would refuse. `findings` has all that is wrong with it."""

    def __init__(self, name: str, findings: Sequence[Finding]) -> None:
        self.findings = list(findings)
        errors = [finding for finding in self.findings if finding.severity == "ERROR"]
        lines = "".join(f"\n  {finding}" for finding in errors)
        super().__init__(f"{name} is not a definition that Step Functions takes:{lines}")


class UnmockedTaskError(LookupError):
    """A task that `tasks` has nothing for, or a Map that reads what `items` has nothing for."""


class ExecutionFailedError(AssertionError):
    """An execution that should have succeeded. `result` is how it ended."""

    def __init__(self, result: Result) -> None:
        self.result = result
        super().__init__(repr(result))
