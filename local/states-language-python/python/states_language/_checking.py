"""What is wrong with a definition, without running it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import _native
from ._definition import Definition, from_value, read_file


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a definition."""

    #: ERROR: Step Functions would refuse it. WARNING: it takes it, but that is hardly meant.
    severity: str
    #: The kind, such as MISSING_TRANSITION_TARGET.
    code: str
    #: What is wrong.
    message: str
    #: Where, as a JSON pointer, such as /States/Start/Next.
    pointer: str
    #: The file.
    file: str
    #: The line, from 1.
    line: int
    #: The column, from 1.
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.severity} {self.code}: {self.message} at {self.pointer or '/'}"


def check(
    definition: str | os.PathLike[str] | Mapping[str, Any],
    substitutions: Mapping[str, Any] | None = None,
    *,
    express: bool = False,
) -> list[Finding]:
    """All that is wrong with a definition, errors first: nothing when it is in order.

    `definition` is a file's path, or the definition itself as an object or as JSON text. A test that holds all of them:

        @pytest.mark.parametrize("path", Path("statemachine").glob("*.asl.json"), ids=str)
        def test_definitions(path):
            assert check(path) == []
    """
    return findings(read(definition, substitutions), express)


def read(definition: str | os.PathLike[str] | Mapping[str, Any], substitutions: Mapping[str, Any] | None) -> Definition:
    """A definition, whichever way it is given."""
    if isinstance(definition, Mapping) or (isinstance(definition, str) and definition.lstrip().startswith("{")):
        return from_value(definition, substitutions)
    return read_file(Path(definition), substitutions)


def findings(definition: Definition, express: bool) -> list[Finding]:
    """What is wrong with a definition that was read."""

    def located(found: _native.Finding) -> Finding:
        place = definition.place(found.pointer, found.line, found.column)
        return Finding(found.severity, found.code, found.message, found.pointer, definition.name, *place)

    return [located(found) for found in _native.validate(definition.text, express)]
