"""SageMaker's contract with a container: the folders under ``/opt/ml`` and what is in them.

Training: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html
Processing: https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
"""

import json
import os
from pathlib import Path


def ml(*parts: str) -> Path:
    """A path under ``/opt/ml``. ``ML_ROOT`` stands for that folder where it cannot be had."""
    return Path(os.environ.get("ML_ROOT", "/opt/ml"), *parts)


def processing(*parts: str) -> Path:
    """A path under ``/opt/ml/processing``."""
    return ml("processing", *parts)


def channel(name: str) -> Path:
    """The folder of a training job's channel."""
    return ml("input", "data", name)


def hyperparameters() -> dict[str, str]:
    """A training job's hyperparameters. SageMaker hands on texts alone."""
    path = ml("input", "config", "hyperparameters.json")
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
