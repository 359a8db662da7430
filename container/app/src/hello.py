"""The smallest processing job: says hello. ``prepare``, ``train`` and ``evaluate`` are what real ones look like."""

import os

from logger import get_logger

log = get_logger("hello")


def main() -> None:
    """Prints and logs the greeting."""
    print("Hello World!")
    log.info("Hello World! PYTHON_ENV is %s", os.environ.get("PYTHON_ENV", "not set"))


if __name__ == "__main__":
    main()
