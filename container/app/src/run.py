"""Runs one of the container's programs: ``run.py prepare``, ``train``, ``evaluate``, ``serve`` or ``hello``.

SageMaker itself gives a training job's container the argument ``train`` and a hosted model's ``serve``.

A program needs no code of its own for its failures. Whatever exception ends it, one while its imports are made included,
is left as one line with the file and the line that it came from. SageMaker shows that line: as the ExitMessage of a
processing job (``/opt/ml/output/message``) and as the FailureReason of a training job (``/opt/ml/output/failure``).
https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html
"""

import os
import runpy
import sys
import traceback
from pathlib import Path

SOURCE = Path(__file__).resolve().parent
PROGRAMS = ("evaluate", "hello", "prepare", "serve", "train")
# What SageMaker shows of it.
REASON_LIMIT = 1024


def reason(error: BaseException) -> str:
    """The error in one line, with the place in this folder's files that it came from."""
    lines = "".join(traceback.format_exception_only(error)).splitlines()
    if isinstance(error, SyntaxError):
        lines = [f"{type(error).__name__}: {error.msg}"]
    text = " ".join(line.strip() for line in lines)
    where = _place(error)
    # The place comes last and is never what is cut.
    return text[: REASON_LIMIT - len(where)] + where


def _place(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f" ({Path(error.filename).name}, line {error.lineno})"
    own = Path(__file__).resolve()
    found = ""
    # The innermost one counts: what a library raises is somebody's call of it.
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename).resolve()
        if path.parent == SOURCE and path != own:
            found = f" ({path.name}, line {frame.lineno})"
    return found


def leave(text: str) -> None:
    """Leaves the reason where SageMaker looks for it."""
    # Not by `contract`: whatever is wrong with the other files, the reason is left.
    folder = Path(os.environ.get("ML_ROOT", "/opt/ml"), "output")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("message", "failure"):
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as problem:
        print(f"the reason could not be left behind: {problem}", file=sys.stderr)


def main(arguments: list[str]) -> None:
    """Runs the program that the first argument names; the others are the program's own."""
    if not arguments or arguments[0] not in PROGRAMS:
        given = arguments[0] if arguments else "nothing"
        raise ValueError(f"`{given}` is no program of this container; they are {', '.join(PROGRAMS)}")
    sys.argv = arguments
    runpy.run_path(str(SOURCE / f"{arguments[0]}.py"), run_name="__main__")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Exception as error:
        traceback.print_exc()
        leave(reason(error))
        sys.exit(1)
