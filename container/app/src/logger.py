"""Logging for programs in a SageMaker container: one line an event, to standard error, with the time in UTC."""

import logging
import os
import sys
import time


def get_logger(name: str) -> logging.Logger:
    """The program's logger. ``LOG_LEVEL`` is the least level that it writes."""
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)

    logger = logging.getLogger(name)
    logger.setLevel(os.environ.get("LOG_LEVEL", "INFO").upper())
    logger.propagate = False
    logger.handlers[:] = [handler]
    return logger
