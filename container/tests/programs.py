"""Runs programs, each in a process of its own that is forked from this one: `Programs` starts it.

Importing scikit-learn takes longer than all that most tests have a program do with it. Here it is imported once, and what is
forked has it already. In everything else the forked process is as if it had been started: it has its own arguments and
environment, and whatever file of the programs a test has changed is read anew.
"""

import contextlib
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import traceback

# What the programs import and tests never change. One that is not installed is missed by the program that needs it.
LIBRARIES = ("joblib", "sklearn.ensemble", "sklearn.feature_extraction", "sklearn.metrics", "sklearn.pipeline",
             "starlette.applications", "uvicorn")  # fmt: skip

# Longer than any program takes.
PATIENCE = 120


class Programs:
    """The process from which programs are forked."""

    def __init__(self):
        # One thread each: what is forked would lack the other threads, and wait for them for ever.
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([sys.executable, "-B", __file__], env={**os.environ, **threads}, **pipes)

    def run(self, program: str, arguments: list[str], environment: dict[str, str], output: str, errors: str) -> int:
        """Runs a program to its end. Its exit code, or less than 0 if a signal has ended it."""
        wanted = {"program": program, "arguments": arguments, "environment": environment}
        self.process.stdin.write(json.dumps({**wanted, "output": output, "errors": errors}) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def end(self) -> None:
        """Ends the process."""
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


def become(wanted: dict) -> None:
    """What a process has that was started for this."""
    # The default of the signal ends it.
    signal.alarm(PATIENCE)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, path in {1: wanted["output"], 2: wanted["errors"]}.items():
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.dup2(nothing, 0)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    sys.argv = [wanted["program"], *wanted["arguments"]]
    sys.path[0] = os.path.dirname(wanted["program"])


def run(program: str) -> int:
    """Runs a program: the exit code that Python would end with."""
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    """Forks a program for each line of the input, and says how it ended."""
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            __import__(name)
    # What is there now stays, and need not be looked at again in every process.
    gc.freeze()
    for line in sys.stdin:
        wanted = json.loads(line)
        child = os.fork()
        if child == 0:
            become(wanted)
            code = run(wanted["program"])
            sys.stdout.flush()
            sys.stderr.flush()
            # Taking all the libraries apart would take longer than most programs do.
            os._exit(code)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
