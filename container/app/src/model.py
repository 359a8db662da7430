"""A model as ``train`` leaves it: ``model.joblib`` and ``model.json``, in ``model.tar.gz`` where SageMaker has packed it.

Loading one runs code that is in it. Models come from this account's own bucket and from nowhere else.
"""

import json
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

import joblib


class Model(NamedTuple):
    """A model, and what ``train`` said of it."""

    predictor: Any
    about: dict[str, Any]


def load(folder: Path) -> Model:
    """The model in a folder. Unpacks it first where it is packed."""
    archive = folder / "model.tar.gz"
    if archive.exists():
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    file = folder / "model.joblib"
    if not file.exists():
        raise FileNotFoundError(f"there is no model.joblib in {folder}: did the training job leave a model?")
    about = folder / "model.json"
    return Model(joblib.load(file), json.loads(about.read_text(encoding="utf-8")) if about.exists() else {})
