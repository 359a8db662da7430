"""What `check` finds, in files and at the command line."""

import json
from pathlib import Path

import pytest

from states_language import InvalidDefinitionError, StateMachine, check
from states_language.__main__ import main

ROOT = Path(__file__).parents[3]
BROKEN = '{\n  "StartAt": "A",\n  "States": {\n    "A": {"Type": "Pass", "Next": "B"}\n  }\n}\n'
YAML = """\
StartAt: A
States:
  A:
    Type: Task
    Resource: arn:aws:states:::sqs:sendMessage
    Parameters: {QueueUrl: "${Queue}", MessageBody.$: $}
    Next: B
  B: {Type: Succeed}
"""


@pytest.mark.parametrize("path", sorted((ROOT / "statemachine").glob("*.asl.json")), ids=lambda path: path.name)
def test_the_definitions_of_this_repository_are_in_order(path):
    assert check(path) == []


def test_a_finding_has_its_line_and_column(tmp_path):
    path = tmp_path / "a.asl.json"
    path.write_text(BROKEN)
    (finding, *_) = check(path)
    assert (finding.severity, finding.code, finding.line, finding.column) == ("ERROR", "MISSING_TRANSITION_TARGET", 4, 35)
    assert str(finding).startswith(f"{path}:4:35: ERROR MISSING_TRANSITION_TARGET: ")


def test_a_finding_in_yaml_has_its_own_line(tmp_path):
    path = tmp_path / "a.asl.yaml"
    path.write_text(YAML.replace("Next: B", "Next: C"))
    finding = next(each for each in check(path) if each.code == "MISSING_TRANSITION_TARGET")
    assert (finding.line, finding.column, finding.pointer) == (7, 11, "/States/A/Next")


def test_a_call_of_what_aws_has_not_is_found():
    state = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObjekt", "End": True}
    (finding,) = check({"StartAt": "A", "States": {"A": state}})
    assert finding.pointer == "/States/A/Resource"
    assert "getObject" in finding.message


def test_yaml_runs_with_its_substitutions(tmp_path):
    path = tmp_path / "a.asl.yaml"
    path.write_text(YAML)
    machine = StateMachine.from_file(path, {"Queue": "https://queue"})
    result = machine.run("hi", {"sqs:sendMessage": {"MessageId": "1"}})
    assert result.calls[0].input == {"QueueUrl": "https://queue", "MessageBody": "hi"}
    assert StateMachine.from_file(path).run("hi", {"A": {}}).calls[0].input["QueueUrl"] == "${Queue}"


def test_a_substitution_that_is_missing_is_named(tmp_path):
    path = tmp_path / "a.asl.yaml"
    path.write_text(YAML)
    with pytest.raises(ValueError, match=r"has \$\{Queue\} \(is it substitutions' 'Queeu'\?\), and substitutions does not"):
        StateMachine.from_file(path, {"Queeu": ""})


def test_a_number_takes_the_place_of_a_name():
    text = '{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": ${Seconds}, "End": true}}}'
    result = StateMachine(text, {"Seconds": 90}).run()
    assert result.history[-1]["timestamp"] - result.history[0]["timestamp"] == 90


def test_yaml_that_is_no_json_is_refused_with_its_place(tmp_path):
    path = tmp_path / "a.asl.yaml"
    path.write_text("StartAt: A\nStates:\n  A: {Type: Pass, Result: 2026-01-01, End: true}\n")
    with pytest.raises(ValueError, match=r"a\.asl\.yaml:3:27: JSON has no timestamp: put quotes around `2026-01-01`"):
        check(path)


def test_the_command_says_what_is_wrong_and_ends_with_1(tmp_path, capsys):
    (tmp_path / "a.asl.json").write_text(BROKEN)
    (tmp_path / "b.asl.yaml").write_text(YAML)
    files = [str(tmp_path / "a.asl.json"), str(tmp_path / "b.asl.yaml")]
    assert main(["check", *files]) == 1
    said = capsys.readouterr()
    assert f"{files[0]}:4:35: ERROR MISSING_TRANSITION_TARGET: " in said.out
    assert said.err.startswith("2 definitions: ")
    assert main(["check", files[1]]) == 0
    assert capsys.readouterr().err == "1 definition: 0 errors, 0 warnings\n"


def test_the_command_looks_through_folders(tmp_path, capsys):
    others = ["deep/d.json", "node_modules/e.asl.json", ".hidden/f.asl.json"]
    for name in ["a.asl.json", "deep/b.asl.yaml", "deep/c.asl.yml", *others]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(BROKEN if name.endswith("json") else YAML)
    assert main(["check", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "3 definitions: 2 errors, 0 warnings\n"
    (tmp_path / "empty").mkdir()
    assert main(["check", str(tmp_path / "empty")]) == 2
    assert "has no *.asl.json, *.asl.yaml or *.asl.yml" in capsys.readouterr().err


def test_the_command_annotates_for_github_and_writes_json(tmp_path, capsys):
    path = tmp_path / "a,b.asl.json"
    path.write_text(BROKEN)
    main(["check", "--format", "github", str(path)])
    name = str(path).replace(",", "%2C")
    assert capsys.readouterr().out.startswith(f"::error file={name},line=4,col=35,title=MISSING_TRANSITION_TARGET::")
    main(["check", "--format", "json", str(path)])
    assert json.loads(capsys.readouterr().out)[0]["line"] == 4


def test_the_command_ends_with_2_where_a_file_cannot_be_read(tmp_path, capsys):
    assert main(["check", str(tmp_path / "none.asl.json")]) == 2
    assert "No such file" in capsys.readouterr().err
    (tmp_path / "a.asl.yaml").write_text("a: [")
    assert main(["check", str(tmp_path / "a.asl.yaml")]) == 2
    assert "is no YAML" in capsys.readouterr().err


def test_an_express_state_machine_does_not_wait_for_jobs():
    resource = "arn:aws:states:::sagemaker:createTrainingJob.sync"
    definition = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": resource, "End": True}}}
    assert not [finding for finding in check(definition) if finding.severity == "ERROR"]
    assert [finding.severity for finding in check(definition, express=True)] == ["ERROR"]
    with pytest.raises(InvalidDefinitionError):
        StateMachine(definition, express=True)
