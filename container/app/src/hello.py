"""The processing job: says hello. Replace `main` with the work to do.

What it may rely on is SageMaker's contract: inputs and outputs under ``/opt/ml/processing``, the job's own description
in ``/opt/ml/config``, exit code 0 for success. An exception that is not caught here fails the job, and its text becomes
the job's ExitMessage.
"""

import os

from logger import get_logger

log = get_logger("hello")


def main() -> None:
    """Prints and logs the greeting."""
    print("Hello World!")
    log.info("Hello World! PYTHON_ENV is %s", os.environ.get("PYTHON_ENV", "not set"))


if __name__ == "__main__":
    main()
