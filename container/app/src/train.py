"""Trains the model.

In: the channels ``train`` and ``validation``, and hyperparameters. Out: ``model.joblib`` and ``model.json`` in
``/opt/ml/model``, which SageMaker packs into ``model.tar.gz``. Lines like ``validation:accuracy=0.91`` are metrics: the
training job's metric definitions read them from the log.
"""

import json
import math
import platform

import customers
import joblib
import sklearn
from contract import channel, hyperparameters, ml
from logger import get_logger
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.metrics import accuracy_score, log_loss
from sklearn.pipeline import make_pipeline

log = get_logger("train")

# Name: what it is made from its text with, and what it is if nobody says.
HYPERPARAMETERS = {
    "learning-rate": (float, 0.1),
    "max-iterations": (int, 60),
    "max-depth": (int, 4),
    "seed": (int, 1),
}


def settings(given: dict[str, str]) -> dict[str, float | int]:
    """The hyperparameters, each as what it is. An unknown name is a mistake and not a wish."""
    unknown = sorted(set(given) - set(HYPERPARAMETERS))
    if unknown:
        raise ValueError(f"unknown hyperparameters {', '.join(unknown)}; there are {', '.join(HYPERPARAMETERS)}")
    found = {}
    for name, (kind, usual) in HYPERPARAMETERS.items():
        text = given.get(name, usual)
        try:
            found[name] = kind(text)
        except ValueError:
            wanted = "a whole number" if kind is int else "a number"
            raise ValueError(f"the hyperparameter `{name}` must be {wanted}, not `{text}`") from None
    return found


def main() -> None:
    """Fits the model, says how good it is, and leaves it behind."""
    chosen = settings(hyperparameters())
    rows, labels = customers.examples(channel("train"))
    held_rows, held_labels = customers.examples(channel("validation"))
    if len(set(labels)) < 2:
        raise ValueError(f"all {len(labels)} rows have the same `{customers.LABEL}`: there is nothing to learn")
    log.info("%d rows to learn from, %d to validate with, %s", len(rows), len(held_rows), json.dumps(chosen))
    model = make_pipeline(
        DictVectorizer(sparse=False),
        HistGradientBoostingClassifier(
            learning_rate=chosen["learning-rate"],
            max_iter=chosen["max-iterations"],
            max_depth=chosen["max-depth"],
            random_state=chosen["seed"],
        ),
    )
    model.fit(rows, labels)
    for part, (given, wanted) in {"train": (rows, labels), "validation": (held_rows, held_labels)}.items():
        accuracy = accuracy_score(wanted, model.predict(given))
        loss = log_loss(wanted, model.predict_proba(given)[:, 1], labels=[0, 1])
        if not math.isfinite(loss):
            raise ArithmeticError(f"the loss over {part} is {loss}")
        print(f"{part}:accuracy={accuracy:.4f}; {part}:loss={loss:.4f};", flush=True)

    folder = ml("model")
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib")
    about = {
        "hyperparameters": chosen,
        "columns": list(customers.COLUMNS),
        "rows": len(rows),
        "python": platform.python_version(),
        "scikitLearn": sklearn.__version__,
    }
    (folder / "model.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
