"""Reads what is deployed and is not Rust, for the checks that look at several of these files at once.

    python3 .ci/deployables.py machines          # the state machines of the templates, by what they call them
    python3 .ci/deployables.py definition NAME   # a state machine's definition with its substitutions filled in
    python3 .ci/deployables.py buildspec [FILE]  # a buildspec's commands as one bash script: of config/buildspec.yml
    python3 .ci/deployables.py transform         # template.yaml and serving.yaml as SAM turns them into CloudFormation
"""

import json
import os
import re
import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]

PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
}


class TemplateLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Sub x` becomes `{"Fn::Sub": "x"}`."""


def _short_form(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


TemplateLoader.add_multi_constructor("!", _short_form)


class WorkflowLoader(yaml.SafeLoader):
    """YAML in which `on` is a key and not a truth."""


WorkflowLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def text(path):
    """A file of the project."""
    return (ROOT / path).read_text(encoding="utf-8")


def template(name):
    """A template, as it stands."""
    return yaml.load(text(f"sam/{name}"), TemplateLoader)


def workflow(name):
    """A GitHub workflow."""
    return yaml.load(text(f".github/workflows/{name}"), WorkflowLoader)


def samconfig():
    """What `sam` is told for each environment."""
    return tomllib.loads(text("sam/samconfig.toml"))


def buildspec(file="config/buildspec.yml"):
    """A buildspec."""
    return yaml.safe_load(text(file))


def commands(file="config/buildspec.yml"):
    """A buildspec's commands, in the order in which they run."""
    return [command for phase in buildspec(file)["phases"].values() for command in phase.get("commands", [])]


def resources(document, kind):
    """The resources of one type, by their logical names."""
    return {name: each for name, each in document["Resources"].items() if each["Type"] == kind}


def resolve(value, environment="dev", conditions=False, **known):
    """What `value` is in an environment, as far as that is known before a deployment, with all conditions true or not."""
    scope = {**PSEUDO, "Environment": environment, **known}

    def name(reference):
        return str(scope.get(reference, f"<{reference}>"))

    if isinstance(value, list):
        return [resolve(each, environment, conditions, **known) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (function, argument), = value.items()
        if function == "Ref":
            return name(argument)
        if function == "Fn::Sub":
            text, given = (argument, {}) if isinstance(argument, str) else argument
            given = resolve(given, environment, conditions, **known)
            return re.sub(r"\$\{([^}]+)\}", lambda match: str(given.get(match[1], name(match[1]))), text)
        if function == "Fn::GetAtt":
            return name(".".join(argument))
        if function == "Fn::If":
            return resolve(argument[1 if conditions else 2], environment, conditions, **known)
    resolved = {key: resolve(each, environment, conditions, **known) for key, each in value.items()}
    return {key: each for key, each in resolved.items() if each != "<AWS::NoValue>"}


MACHINE = "AWS::Serverless::StateMachine"

# The templates that SAM transforms.
OF_SAM = ("template.yaml", "serving.yaml")


def machines():
    """The state machines of the templates, by their names in them."""
    found = {}
    for name in OF_SAM:
        found |= resources(template(name), MACHINE)
    return found


def definition(name, environment="dev"):
    """A state machine's definition as it is deployed."""
    machine = machines()[name]["Properties"]
    values = {
        "DataBucket": f"ml-pipeline-data-{environment}-123456789012-us-east-1",
        "ProcessingJobRole.Arn": "arn:aws:iam::123456789012:role/job",
        "TrainingJobRole.Arn": "arn:aws:iam::123456789012:role/training-job",
        "ResolveParametersFunction.Arn": "arn:aws:lambda:us-east-1:123456789012:function:resolve-parameters",
        "AskServiceFunction.Arn": "arn:aws:lambda:us-east-1:123456789012:function:ask-service",
        "ExecutionRole.Arn": "arn:aws:iam::123456789012:role/execution",
        "TaskRole.Arn": "arn:aws:iam::123456789012:role/task",
        "Cpu": "512",
        "Memory": "1024",
        "RolloutMinutes": "60",
    }
    substitutions = resolve(machine["DefinitionSubstitutions"], environment, **values)
    as_it_lies = text(Path("sam") / machine["DefinitionUri"])
    return json.loads(re.sub(r"\$\{(\w+)\}", lambda match: substitutions[match[1]], as_it_lies))


def buildspec_script(file="config/buildspec.yml"):
    """A buildspec's commands as one script, after what CodeBuild and the project put into the environment."""
    given = [*project_variables(file), *codebuild_variables(), *buildspec(file)["env"].get("parameter-store", {})]
    lines = ["#!/usr/bin/env bash", "export " + " ".join(f"{name}=given" for name in given)]
    return "\n".join(lines + commands(file)) + "\n"


def project_variables(file="config/buildspec.yml"):
    """What the CodeBuild project that runs a buildspec gives its builds."""
    projects = resources(template("pipeline.yaml"), "AWS::CodeBuild::Project").values()
    project = next(each["Properties"] for each in projects if each["Properties"]["Source"]["BuildSpec"] == file)
    return [each["Name"] for each in project["Environment"]["EnvironmentVariables"]]


def codebuild_variables():
    """What CodeBuild gives every build, as far as it is used here."""
    return ["CODEBUILD_RESOLVED_SOURCE_VERSION"]


def transform():
    """The templates as CloudFormation gets them. `sam validate --lint` does not go that far, a deployment does."""
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    os.environ.setdefault("AWS_DEFAULT_REGION", PSEUDO["AWS::Region"])
    transformed = {}
    for of_sam in OF_SAM:
        document = template(of_sam)
        for each in document["Resources"].values():
            for name in ("CodeUri", "DefinitionUri"):
                if name in each.get("Properties", {}):
                    each["Properties"][name] = "s3://bucket/key"
        transformed[of_sam] = Translator({}, Parser()).translate(document, {})
    return transformed


if __name__ == "__main__":
    if sys.argv[1:2] == ["definition"] and len(sys.argv) == 3:
        print(json.dumps(definition(sys.argv[2]), indent=2))
    elif sys.argv[1:] == ["machines"]:
        print("\n".join(machines()))
    elif sys.argv[1:2] == ["buildspec"] and len(sys.argv) <= 3:
        print(buildspec_script(*sys.argv[2:]), end="")
    elif sys.argv[1:] == ["transform"]:
        print(json.dumps(transform(), indent=2))
    else:
        sys.exit(__doc__)
