"""The training pipeline of this repository, without SageMaker: what the README and the book show."""

import json
from pathlib import Path

import pytest

from states_language import StateMachine, TaskError

ROOT = Path(__file__).parents[3]
SETTINGS = {
    "pythonEnv": "dev", "scanLevel": "OFF", "scanAllowed": [], "instanceType": "ml.m5.large", "volumeSize": 1,
    "data": {"prefix": "raw/", "rows": 5, "dropped": 0.1},
    "training": {"instanceType": "ml.m5.large", "maxRuntimeSeconds": 600, "concurrency": 1},
    "hyperparameters": {"max-depth": 4}, "gate": {"metric": "accuracy", "threshold": 0.8, "tolerance": 0.01}, "prices": {},
}
REPORT = {"rows": 9, "used": 9, "dropped": {}, "droppedShare": 0, "sha256": "5f2a"}
TRAINED = {
    "TrainingJobName": "train", "TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/train",
    "ModelArtifacts": {"S3ModelArtifacts": "s3://data/model.tar.gz"}, "TrainingJobStatus": "Completed",
    "FinalMetricDataList": [{"MetricName": "validation:accuracy", "Value": 0.9}],
}
IMAGE = {"image": {"uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/ml@sha256:0a"}}

# shown: begin
PIPELINE = StateMachine.from_file(ROOT / "statemachine/training-pipeline.asl.json")
TASKS = {
    "ResolveParameters": {"Payload": SETTINGS},
    "FindData": {"Versions": [{"Key": "raw/a.csv", "VersionId": "1", "Size": 9, "IsLatest": True}], "IsTruncated": False},
    "Prepare": {"ProcessingJobName": "prepare"}, "ReadDataReport": {"Body": json.dumps(REPORT)},
    "TrainModel": TRAINED, "FindCurrentModel": {"ModelPackageSummaryList": []}, "Evaluate": {"ProcessingJobName": "eval"},
}

def test_a_bad_model_is_not_registered():
    result = PIPELINE.run(IMAGE, {**TASKS, "ReadEvaluation": {"Body": '{"metrics": {"accuracy": 0.7}}'}})
    assert (result.error, result.states[-1]) == ("QualityGateNotMet", "QualityGateNotMet")
    assert result.cause == "accuracy 0.7, threshold 0.8, no current model"
# shown: end


@pytest.fixture
def good():
    """The outcomes of a run whose model is registered."""
    package = {"ModelPackageArn": "arn:aws:sagemaker:us-east-1:123456789012:model-package/ml/1"}
    return {**TASKS, "ReadEvaluation": {"Body": '{"metrics": {"accuracy": 0.9}}'}, "WriteLineage": {}, "Register": package}


def test_a_good_model_is_registered(good):
    result = PIPELINE.run(IMAGE, good, name="run-1").expect_success()
    assert result.output["model"]["metrics"] == {"accuracy": 0.9}
    assert result.states[-3:] == ["QualityGate", "WriteLineage", "Register"]
    (training,) = result.calls_of("TrainModel")
    assert training.input["TrainingJobName"] == "run-1-t0-0-0"
    assert training.input["HyperParameters"] == {"max-depth": "4"}


def test_a_training_job_without_an_instance_is_tried_again_under_another_name(good):
    none_free = TaskError("SageMaker.ResourceLimitExceededException", "no such instance is free")
    result = PIPELINE.run(IMAGE, {**good, "TrainModel": [none_free, none_free, TRAINED]}, name="run-1").expect_success()
    assert [call.input["TrainingJobName"] for call in result.calls_of("TrainModel")] == [
        "run-1-t0-0-0", "run-1-t0-0-1", "run-1-t0-0-2",
    ]


def test_a_job_that_failed_is_not_run_again(good):
    result = PIPELINE.run(IMAGE, {**good, "TrainModel": TaskError("States.TaskFailed", "AlgorithmError: out of memory")})
    assert (result.status, result.error) == ("FAILED", "States.TaskFailed")
    assert len(result.calls_of("TrainModel")) == 1
    assert repr(result).startswith("<FAILED in 'TrainModel' with States.TaskFailed: AlgorithmError: out of memory; states: ")


def test_two_objects_of_hyperparameters_are_two_jobs_and_the_better_model_is_taken(good):
    def train(given):
        depth = int(given["HyperParameters"]["max-depth"])
        metrics = [{"MetricName": "validation:accuracy", "Value": 0.8 + depth / 100}]
        return {**TRAINED, "TrainingJobName": given["TrainingJobName"], "FinalMetricDataList": metrics}

    settings = {**SETTINGS, "hyperparameters": [{"max-depth": 2}, {"max-depth": 7}]}
    tasks = {**good, "ResolveParameters": {"Payload": settings}, "TrainModel": train}
    result = PIPELINE.run(IMAGE, tasks).expect_success()
    assert result.output["job"]["hyperparameters"] == {"max-depth": 7}


def test_only_the_gate(good):
    """What a part of a long definition does: from one of its states to its end, with what is known by then."""
    variables = {
        "settings": SETTINGS, "evaluation": {"metrics": {"accuracy": 0.85}}, "current": {"registered": {"accuracy": 0.9}},
    }
    result = PIPELINE.run({}, {}, start_at="Compare", variables=variables)
    assert result.states == ["Compare", "QualityGate", "QualityGateNotMet"]
    assert result.cause == "accuracy 0.85, current model 0.9, tolerance 0.01"
