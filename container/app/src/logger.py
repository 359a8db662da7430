"""Logging for programs in a SageMaker container, and the message that a failed one leaves behind.

SageMaker shows the first 1,024 characters of ``/opt/ml/output/message`` as the job's ExitMessage:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeProcessingJob.html
"""

import logging
import os
import sys
import time
import traceback
from pathlib import Path

MESSAGE_LIMIT = 1024


def get_logger(name: str) -> logging.Logger:
    """The program's logger. From here on an exception that nothing catches becomes the job's ExitMessage."""
    sys.excepthook = _report

    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)

    logger = logging.getLogger(name)
    logger.setLevel(os.environ.get("LOG_LEVEL", "INFO").upper())
    logger.propagate = False
    logger.handlers[:] = [handler]
    return logger


def message_path() -> Path:
    """Where the message goes. ``ML_ROOT`` stands for ``/opt/ml`` where that folder cannot be had."""
    return Path(os.environ.get("ML_ROOT", "/opt/ml")) / "output" / "message"


def _report(kind, error, trace) -> None:
    sys.__excepthook__(kind, error, trace)
    if not issubclass(kind, Exception):
        return  # An interruption is nobody's failure.
    lines = "".join(traceback.format_exception_only(kind, error)).splitlines()
    message = " ".join(line.strip() for line in lines)[:MESSAGE_LIMIT]
    try:
        path = message_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(message, encoding="utf-8")
    except OSError as problem:
        print(f"the message could not be left behind: {problem}", file=sys.stderr)
