"""The native part, which src/ builds."""

from typing import Any

class Finding:
    severity: str
    code: str
    message: str
    pointer: str
    line: int
    column: int

class Machine:
    def __init__(self, definition: str) -> None: ...
    @property
    def tasks(self) -> list[tuple[str, str, str | None]]: ...
    @property
    def readers(self) -> list[str]: ...
    def run(
        self, input: str, host: Any, options: dict[str, Any]
    ) -> tuple[str, str | None, str | None, str | None, str]: ...

def validate(definition: str, is_express: bool) -> list[Finding]: ...
def closest(name: str, known: list[str]) -> str | None: ...
