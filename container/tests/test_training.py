"""From raw data to a model and its metrics, step by step, as the state machine does it."""

import importlib.util
import re

import pytest
from conftest import CONTAINER, RAW

HEAD = "customer_id,tenure_months,monthly_charge,support_calls,late_payments,plan,cancelled\n"


def test_the_data_is_what_its_script_makes(capsys):
    spec = importlib.util.spec_from_file_location("seed", CONTAINER.parent / "seed" / "customers.py")
    seed = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(seed)
    seed.main()
    assert capsys.readouterr().out == RAW.read_text(encoding="utf-8")


def test_a_model_is_trained_measured_and_compared(container):
    done = container.prepare()
    assert done.returncode == 0, done.stderr
    report = container.written("report", "report.json")
    assert report["rows"] == 4001
    assert report["dropped"] == {"wrong value": 8, "seen before": 1}
    assert report["used"] == sum(report["parts"].values()) == 3992
    assert 0.3 < report["labelShare"] < 0.7

    done = container.train(ml="before", max_depth="1", max_iterations="5")
    assert done.returncode == 0, done.stderr
    done = container.train()
    assert done.returncode == 0, done.stderr
    metrics = dict(re.findall(r"(\w+:\w+)=([0-9.]+);", done.stdout))
    assert set(metrics) == {"train:accuracy", "train:loss", "validation:accuracy", "validation:loss"}
    assert float(metrics["validation:accuracy"]) > 0.85

    done = container.evaluate(model="training")
    assert done.returncode == 0, done.stderr
    first = container.written("evaluation", "evaluation.json")
    assert first["current"] is None
    assert first["rows"] == report["parts"]["test"]
    assert first["metrics"]["accuracy"] > 0.85

    done = container.evaluate(model="training", current="before")
    assert done.returncode == 0, done.stderr
    second = container.written("evaluation", "evaluation.json")
    assert second["metrics"] == first["metrics"], "the same model is as good as before"
    assert second["current"]["accuracy"] < 0.75
    quality = container.written("evaluation", "model-quality.json")["binary_classification_metrics"]
    assert {name: it["value"] for name, it in quality.items()} == second["metrics"]


def test_the_same_data_gives_the_same_parts_and_model(container):
    container.prepare()
    first = container.path("processing/output/test/customers.csv").read_text(encoding="utf-8")
    said = container.train().stdout
    # Other customers beside them change nothing of where these belong.
    container.prepare(RAW.read_text(encoding="utf-8") + "Z1,1,20,0,0,basic,0\n")
    second = container.path("processing/output/test/customers.csv").read_text(encoding="utf-8")
    assert second.replace("Z1,1,20,0,0,basic,0\n", "") == first
    container.prepare()
    assert container.train().stdout == said


def test_a_current_model_that_does_not_load_is_said_and_not_measured(trained):
    trained.put("not a model", "model/model.joblib", ml="before")
    done = trained.evaluate(model="training", current="before")
    assert done.returncode == 0, done.stderr
    assert "the current model cannot be measured" in done.stderr
    assert trained.written("evaluation", "evaluation.json")["current"] is None


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "ValueError: customers.csv lacks the columns customer_id, tenure_months, "),
        (HEAD.replace("plan,", ""), "ValueError: customers.csv lacks the columns plan ("),
    ],
)
def test_data_of_another_shape_is_refused_by_name(container, raw, reason):
    assert container.prepare(raw).returncode == 1
    assert container.reason().startswith(reason)


def test_rows_that_make_no_sense_are_dropped_and_counted(container):
    rows = ["C1,5,20.5,0,1,basic,0", "C2,5,,0,1,basic,0", "C3,5,20,0,1,gold,0", "C4,5,NaN,0,1,basic,0",
            "C5,5,20,0,1,basic,yes", "C6,-1,20,0,1,basic,0", "C1,5,20.5,0,1,basic,0"]  # fmt: skip
    done = container.prepare(HEAD + "\n".join(rows) + "\n")
    assert done.returncode == 0, done.stderr
    report = container.written("report", "report.json")
    assert (report["used"], report["dropped"]) == (1, {"wrong value": 5, "seen before": 1})
    assert "customers.csv, line 4: dropped: `plan` must be one of basic, plus, pro, not `gold`" in done.stderr


def test_no_rows_at_all_is_a_report_and_no_crash(container):
    assert container.prepare(HEAD).returncode == 0
    report = container.written("report", "report.json")
    assert (report["rows"], report["used"], report["droppedShare"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("hyperparameters", "reason"),
    [
        ({"max_depth": "deep"}, "ValueError: the hyperparameter `max-depth` must be a whole number, not `deep` (train.py"),
        ({"learning_rate": "fast"}, "ValueError: the hyperparameter `learning-rate` must be a number, not `fast` (train.py"),
        ({"depth": "3"}, "ValueError: unknown hyperparameters depth; there are learning-rate, max-iterations, max-depth, seed"),
    ],
)
def test_hyperparameters_are_refused_by_name(trained, hyperparameters, reason):
    assert trained.train(**hyperparameters).returncode == 1
    assert trained.reason(ml="training").startswith(reason)


def test_a_label_that_never_changes_teaches_nothing(container):
    rows = "".join(f"C{at},5,20,0,1,basic,0\n" for at in range(40))
    container.prepare(HEAD + rows)
    assert container.train().returncode == 1
    assert "rows have the same `cancelled`: there is nothing to learn" in container.reason(ml="training")


def test_a_model_that_is_not_there_is_said(trained):
    trained.path("model/model.joblib", ml="training").unlink()
    assert trained.evaluate(model="training").returncode == 1
    assert "there is no model.joblib in " in trained.reason()


def test_a_metric_that_is_no_number_passes_no_gate(trained):
    trained.change("evaluate.py", "accuracy_score(labels, foretold)", "float('nan')")
    assert trained.evaluate(model="training").returncode == 1
    assert trained.reason().startswith("ArithmeticError: the metric `accuracy` is nan (evaluate.py, line ")
