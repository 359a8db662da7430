"""The smallest job, and how each program is started and its failures are told."""

import json
import re
from pathlib import Path

import pytest
import run
from conftest import CONTAINER, SOURCE

GREETING = 'print("Hello World!")'


def line_of(program: Path, text: str) -> int:
    lines = program.read_text(encoding="utf-8").splitlines()
    return next(at for at, line in enumerate(lines, 1) if text in line)


def test_prints_and_logs_the_greeting(container):
    done = container.run("hello", PYTHON_ENV="test")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Hello World!\n"
    assert re.fullmatch(r"\S+Z INFO hello: Hello World! PYTHON_ENV is test\n", done.stderr)
    assert container.reason() is None, "a program that succeeds leaves no reason"


def test_runs_without_any_environment(container):
    done = container.run("hello")
    assert done.returncode == 0, done.stderr
    assert "PYTHON_ENV is not set" in done.stderr


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ('raise ValueError("no such column: `age`")', "ValueError: no such column: `age`"),
        ("raise RuntimeError", "RuntimeError"),
        ('raise ValueError("one\\n  two")', "ValueError: one two"),
        ('raise ValueError("größer als 1 €")', "ValueError: größer als 1 €"),
        ("int('x')", "ValueError: invalid literal for int() with base 10: 'x'"),
        ("import json; json.loads('{')", "json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes:"),
    ],
)
def test_a_failure_leaves_its_last_line_with_its_place(container, statement, expected):
    container.change("hello.py", GREETING, statement)
    done = container.run("hello", PYTHONUTF8="1")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert container.reason().startswith(expected)
    # The line of ours, also where a library raised it.
    assert container.reason().endswith(f" (hello.py, line {line_of(container.program / 'hello.py', statement)})")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import no_such_package", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("1 +", "SyntaxError: invalid syntax"),
    ],
)
def test_a_failure_while_a_program_loads_counts_too(container, change, expected):
    container.change("hello.py", "def main", f"{change}\n\n\ndef main")
    assert container.run("hello").returncode == 1
    where = line_of(container.program / "hello.py", change)
    assert container.reason() == f"{expected} (hello.py, line {where})"


def test_a_file_that_is_broken_hides_no_reason(container):
    (container.program / "contract.py").write_text("import no_such_package\n", encoding="utf-8")
    assert container.run("prepare").returncode == 1
    assert container.reason() == "ModuleNotFoundError: No module named 'no_such_package' (contract.py, line 1)"


def test_a_wrong_log_level_counts_too(container):
    assert container.run("hello", LOG_LEVEL="loud").returncode == 1
    assert container.reason().startswith("ValueError: Unknown level: 'LOUD' (logger.py, line ")


def test_a_long_reason_is_cut_to_what_sagemaker_shows_and_keeps_its_place(container):
    container.change("hello.py", GREETING, 'raise ValueError("x" * 5000)')
    container.run("hello")
    assert len(container.reason()) == 1024
    assert re.search(r"xxx \(hello\.py, line \d+\)$", container.reason())


def test_a_folder_that_cannot_be_written_hides_nothing(container):
    container.path().write_text("a file where the folder should be", encoding="utf-8")
    container.change("hello.py", GREETING, 'raise ValueError("the cause")')
    done = container.run("hello")
    assert done.returncode == 1
    assert "ValueError: the cause" in done.stderr
    assert "the reason could not be left behind" in done.stderr


def test_an_exit_code_of_ones_own_is_kept(container):
    container.change("hello.py", GREETING, "raise SystemExit(3)")
    assert container.run("hello").returncode == 3
    assert container.reason() is None


@pytest.mark.parametrize("arguments", [[], ["hallo"], ["../../etc/passwd"]])
def test_another_program_is_refused_by_name(container, arguments):
    assert container.run(*arguments).returncode == 1
    given = arguments[0] if arguments else "nothing"
    assert container.reason() == (
        f"ValueError: `{given}` is no program of this container; they are evaluate, hello, prepare, serve, train"
    )


def test_all_programs_are_there_and_the_image_starts_them():
    for name in run.PROGRAMS:
        assert (SOURCE / f"{name}.py").exists(), name
    dockerfile = (CONTAINER / "Dockerfile").read_text(encoding="utf-8")
    starts = re.findall(r"^(ENTRYPOINT|CMD) (\[.*\])$", dockerfile, re.MULTILINE)
    assert {name: json.loads(text) for name, text in starts} == {
        "ENTRYPOINT": ["python3", "/opt/program/src/run.py"],
        "CMD": ["hello"],
    }
