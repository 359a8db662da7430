"""Definitions as files have them: in JSON or YAML, with what a deployment fills in."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ._native import closest

#: What `DefinitionSubstitutions` of SAM and CloudFormation fill in.
_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9_.:]+)\}")

#: The tags of YAML that JSON has types for.
_PLAIN = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map", "merge")}


@dataclass(frozen=True)
class Definition:
    """A definition's JSON text, and where each part of it stands in the file."""

    name: str
    text: str
    #: By JSON pointer, for YAML alone: the text is the file otherwise.
    places: Mapping[str, tuple[int, int]] | None = None

    def place(self, pointer: str, line: int, column: int) -> tuple[int, int]:
        """Line and column in the file, of a place in the text."""
        if self.places is None:
            return line, column
        while pointer and pointer not in self.places:
            pointer = pointer.rpartition("/")[0]
        return self.places.get(pointer, (1, 1))


def read_file(path: str | os.PathLike[str], substitutions: Mapping[str, Any] | None) -> Definition:
    """A file's definition. One whose name ends in .yaml or .yml is YAML, any other is JSON."""
    path = Path(path)
    text = filled_in(path.read_text(encoding="utf-8"), substitutions, str(path))
    return from_yaml(str(path), text) if path.suffix in (".yaml", ".yml") else Definition(str(path), text)


def from_value(definition: str | Mapping[str, Any], substitutions: Mapping[str, Any] | None) -> Definition:
    """A definition that is given as its JSON text, or as an object."""
    text = definition if isinstance(definition, str) else json.dumps(definition, allow_nan=False, ensure_ascii=False)
    return Definition("the definition", filled_in(text, substitutions, "the definition"))


def filled_in(text: str, substitutions: Mapping[str, Any] | None, name: str) -> str:
    """The text with its `${Name}`, as CloudFormation fills them in.

    Where substitutions are given, each of the text's needs one: what a deployment leaves is a mistake that only an
    execution shows. Without any the text stays as it is.
    """
    if substitutions is None:
        return text
    wanted = dict.fromkeys(_PLACEHOLDER.findall(text))
    missing = [each for each in wanted if each not in substitutions]
    if missing:
        told = ", ".join("${%s}" % each + _meant(each, list(substitutions)) for each in missing)
        raise ValueError(f"{name} has {told}, and substitutions does not: add {json.dumps(missing[0])}: …")
    return _PLACEHOLDER.sub(lambda found: _as_text(substitutions[found[1]]), text)


def _meant(name: str, known: list[str]) -> str:
    meant = closest(name, known)
    return f" (is it substitutions' {meant!r}?)" if meant else ""


def _as_text(value: Any) -> str:
    """A substitution's text: CloudFormation writes booleans as JSON does."""
    return value if isinstance(value, str) else json.dumps(value)


def from_yaml(name: str, text: str) -> Definition:
    """A definition in YAML, read as the SAM CLI does."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{name} is no YAML: {error}") from error
    places: dict[str, tuple[int, int]] = {}
    if node is not None:
        _locate(node, "", places, name)
    return Definition(name, json.dumps(value, ensure_ascii=False), places)


def _locate(node: yaml.Node, pointer: str, places: dict[str, tuple[int, int]], name: str) -> None:
    if pointer in places:
        return
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    places[pointer] = line, column
    if node.tag not in _PLAIN:
        kind = node.tag.rpartition(":")[2]
        raise ValueError(f"{name}:{line}:{column}: JSON has no {kind}: put quotes around `{node.value}`")
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _locate(item, f"{pointer}/{index}", places, name)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            escaped = str(key.value).replace("~", "~0").replace("/", "~1")
            _locate(value, f"{pointer}/{escaped}", places, name)
