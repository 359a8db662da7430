"""Says how good a model is, on data that it has never seen, beside the current model on the same data.

In: ``input/test``, the new model in ``input/model`` and, where there is one, the current model in ``input/current``. Out:
``output/evaluation`` with ``evaluation.json``, by which the state machine decides, and ``model-quality.json``, which is
the same in the form of SageMaker's model registry:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

import json
import math

import customers
import model
from contract import processing
from logger import get_logger
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score, roc_auc_score

log = get_logger("evaluate")


def measure(predictor, rows: list, labels: list[int]) -> dict[str, float]:
    """A model's metrics over these rows."""
    foretold = predictor.predict(rows)
    chances = predictor.predict_proba(rows)[:, 1]
    metrics = {
        "accuracy": accuracy_score(labels, foretold),
        "auc": roc_auc_score(labels, chances),
        "f1": f1_score(labels, foretold, zero_division=0),
        "precision": precision_score(labels, foretold, zero_division=0),
        "recall": recall_score(labels, foretold, zero_division=0),
    }
    for name, value in metrics.items():
        # JSON has no such numbers, and no gate may be passed by one.
        if not math.isfinite(value):
            raise ArithmeticError(f"the metric `{name}` is {value}")
    return {name: round(float(value), 4) for name, value in metrics.items()}


def current(rows: list, labels: list[int]) -> dict[str, float] | None:
    """The current model's metrics over the same rows; None if there is none, or if it does not load any more."""
    folder = processing("input", "current")
    if not folder.exists():
        return None
    try:
        return measure(model.load(folder).predictor, rows, labels)
    except Exception as problem:
        # It may be of another version of a library. What was measured when it was registered counts then.
        log.warning("the current model cannot be measured: %s: %s", type(problem).__name__, problem)
        return None


def main() -> None:
    """Measures both and writes it down."""
    rows, labels = customers.examples(processing("input", "test"))
    found = {
        "metrics": measure(model.load(processing("input", "model")).predictor, rows, labels),
        "current": current(rows, labels),
        "rows": len(rows),
    }
    folder = processing("output", "evaluation")
    folder.mkdir(parents=True, exist_ok=True)
    quality = {"binary_classification_metrics": {name: {"value": value} for name, value in found["metrics"].items()}}
    for name, content in {"evaluation": found, "model-quality": quality}.items():
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    for whose in ("metrics", "current"):
        if found[whose]:
            words = ", ".join(f"{name} {value}" for name, value in found[whose].items())
            log.info("%s model over %d rows: %s", "new" if whose == "metrics" else "current", len(rows), words)


if __name__ == "__main__":
    main()
