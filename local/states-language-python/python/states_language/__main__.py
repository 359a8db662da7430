"""The command `states-language`: `check` for definitions, for people, pre-commit and GitHub's annotations."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict

from ._checking import Finding, check


#: How definitions' names end.
_ENDINGS = (".asl.json", ".asl.yaml", ".asl.yml")

#: Folders whose definitions are not one's own, or copies.
_OTHERS = ("node_modules", "target", "venv", "cdk.out")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command, and gives its exit code: 1 where something is wrong, 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="states-language", description="Checks definitions of AWS Step Functions, without AWS."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser(
        "check",
        help="say what is wrong with definitions",
        description="Says what is wrong with definitions, with line and column. Exit code 1 if Step Functions would refuse "
        "one of them, 2 if one cannot be read.",
    )
    checking.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="a definition (.yaml and .yml are YAML, others JSON), or a folder: all its *.asl.json, *.asl.yaml, *.asl.yml",
    )
    checking.add_argument("--express", action="store_true", help="they are of Express state machines")
    checking.add_argument("--strict", action="store_true", help="exit code 1 for warnings, too")
    checking.add_argument(
        "--format", choices=["text", "github", "json"], default="text", help="how findings are written; text by default"
    )
    given = parser.parse_args(arguments)
    return _check(given.paths, given.express, given.strict, given.format)


def _definitions(path: str) -> list[str]:
    """The definitions that a path names: itself, or those in a folder, without what is hidden or somebody else's."""
    if not os.path.isdir(path):
        return [path]
    found = []
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each not in _OTHERS)
        found += [os.path.join(folder, file) for file in sorted(files) if file.endswith(_ENDINGS)]
    if not found:
        raise ValueError(f"{path} has no *.asl.json, *.asl.yaml or *.asl.yml in it")
    return found


def _check(paths: Sequence[str], express: bool, strict: bool, form: str) -> int:
    found: list[Finding] = []
    try:
        files = [file for path in paths for file in _definitions(path)]
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    unreadable = False
    for file in files:
        try:
            found += check(file, express=express)
        except (OSError, ValueError) as error:
            unreadable = True
            print(f"{file}: {error}" if isinstance(error, OSError) else error, file=sys.stderr)
    if form == "json":
        print(json.dumps([asdict(finding) for finding in found], ensure_ascii=False, indent=2))
    else:
        for finding in found:
            print(_annotation(finding) if form == "github" else finding)
    errors = sum(finding.severity == "ERROR" for finding in found)
    if form != "json":
        print(_summary(len(files), errors, len(found) - errors), file=sys.stderr)
    if unreadable:
        return 2
    return int(errors > 0 or (strict and bool(found)))


def _summary(files: int, errors: int, warnings: int) -> str:
    def count(number: int, thing: str) -> str:
        return f"{number} {thing}" + ("" if number == 1 else "s")

    return f"{count(files, 'definition')}: {count(errors, 'error')}, {count(warnings, 'warning')}"


def _annotation(finding: Finding) -> str:
    """A workflow command of GitHub's, which shows the finding beside the line."""

    def data(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    def field(text: str) -> str:
        return data(text).replace(":", "%3A").replace(",", "%2C")

    place = f"file={field(finding.file)},line={finding.line},col={finding.column},title={field(finding.code)}"
    return f"::{finding.severity.lower()} {place}::{data(finding.message)}"


if __name__ == "__main__":
    sys.exit(main())
