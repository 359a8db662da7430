"""What templates, definition, buildspec, container, workflows, events and code say of one another is the same.

Run with `python3 -m unittest discover --start-directory .ci`; needs PyYAML, which the SAM CLI brings.
"""

import json
import re
import tomllib
import unittest

import deployables
from deployables import ROOT, definition, definition_text, resolve, resources, samconfig, template, text

TEMPLATE = template("template.yaml")
PIPELINE = template("pipeline.yaml")
FUNCTIONS = resources(TEMPLATE, "AWS::Serverless::Function")


def parameter_names(environment="dev"):
    """The parameters that the templates put into Parameter Store."""
    return {resolve(each["Properties"]["Name"], environment) for each in resources(TEMPLATE, "AWS::SSM::Parameter").values()}


def action(name):
    """An action of the pipeline, and the stage's name before it."""
    stages = [each for each in PIPELINE["Resources"]["Pipeline"]["Properties"]["Stages"]]
    stages = [each["Fn::If"][1] if "Fn::If" in each else each for each in stages]
    return next(each for stage in stages for each in stage["Actions"] if each["Name"] == name)


def user_parameters(environment="dev"):
    """The Execute action's user parameters, as text."""
    given = action("Execute")["Configuration"]["UserParameters"]
    return resolve(given, environment, ExecutionTimeoutMinutes=1380)


def rust_sources(*folders):
    """All Rust text below these folders."""
    return "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in (ROOT / folder).rglob("*.rs"))


def matches(pattern, event):
    """Whether EventBridge would deliver an event, for patterns that only list values."""
    if isinstance(pattern, list):
        return event in pattern
    return all(key in event and matches(each, event[key]) for key, each in pattern.items())


class Functions(unittest.TestCase):
    """A function has one name: package, binary, folder, resource and deployed function."""

    def test_every_function_is_deployed(self):
        folders = {path.parent.name for path in (ROOT / "functions").glob("*/Cargo.toml")}
        self.assertEqual(folders, {each["Metadata"]["BuildProperties"]["Binary"] for each in FUNCTIONS.values()})

    def test_names_agree(self):
        for logical, function in FUNCTIONS.items():
            with self.subTest(logical):
                binary = function["Metadata"]["BuildProperties"]["Binary"]
                self.assertEqual(logical, "".join(word.title() for word in binary.split("-")) + "Function")
                self.assertEqual(function["Properties"]["CodeUri"], f"../functions/{binary}")
                self.assertEqual(resolve(function["Properties"]["FunctionName"]), f"stepline-{binary}-dev")
                package = tomllib.loads(text(f"functions/{binary}/Cargo.toml"))["package"]["name"]
                self.assertEqual(package, binary)

    def test_what_the_environment_says_is_read(self):
        common = set(TEMPLATE["Globals"]["Function"]["Environment"]["Variables"])
        for logical, function in FUNCTIONS.items():
            binary = function["Metadata"]["BuildProperties"]["Binary"]
            source = rust_sources(f"functions/{binary}/src", "shared/src")
            for name in common | set(function["Properties"].get("Environment", {}).get("Variables", {})):
                with self.subTest(f"{logical}: {name}"):
                    self.assertTrue(f'"{name}"' in source, "nothing reads it")

    def test_the_rules_are_json(self):
        rules = FUNCTIONS["ImagePushFunction"]["Properties"]["Environment"]["Variables"]["RULES"]
        for rule in json.loads(resolve(rules)):
            self.assertLessEqual(set(rule), {"repository", "tag", "stateMachine", "input", "acceptIndexes", "platform"})
            self.assertIn(rule["stateMachine"].removeprefix("ssm:"), parameter_names())


class Definition(unittest.TestCase):
    """The state machine asks for what is there and catches what can happen."""

    def test_substitutions_are_those_that_are_used(self):
        given = TEMPLATE["Resources"]["MlPipelineStateMachine"]["Properties"]["DefinitionSubstitutions"]
        self.assertEqual(set(re.findall(r"\$\{(\w+)\}", definition_text())), set(given))

    def test_parameters_exist(self):
        for environment in ("dev", "prod"):
            asked = definition(environment)["States"]["ResolveParameters"]["Parameters"]["Payload"]["parameters"]
            names = {each if isinstance(each, str) else each["name"] for each in asked.values()}
            self.assertLessEqual(names, parameter_names(environment))

    def test_the_answer_is_taken_whole(self):
        state = definition()["States"]["ResolveParameters"]
        asked = state["Parameters"]["Payload"]["parameters"]
        self.assertEqual(state["ResultSelector"], {f"{key}.$": f"$.Payload.{key}" for key in asked})
        used = re.findall(r"\$\.parameters\.(\w+)", json.dumps(definition()["States"]["SageMaker-Hello-World"]))
        self.assertEqual(set(used), set(asked))

    def test_error_names_exist(self):
        known = rust_sources("shared/src", "functions/resolve-parameters/src")
        for name, state in definition()["States"].items():
            for handler in state.get("Retry", []) + state.get("Catch", []):
                for error in handler["ErrorEquals"]:
                    if re.match(r"(States|Lambda|SageMaker)\.|ThrottlingException$", error):
                        continue
                    with self.subTest(f"{name}: {error}"):
                        self.assertTrue(re.search(rf"\b{error}\b", known), "nothing raises it")

    def test_every_task_is_caught(self):
        for name, state in definition()["States"].items():
            if state["Type"] == "Task":
                with self.subTest(name):
                    self.assertEqual([each["Next"] for each in state["Catch"]], ["FailState"])

    def test_the_container_has_what_is_run(self):
        run = definition()["States"]["SageMaker-Hello-World"]["Parameters"]["AppSpecification"]["ContainerEntrypoint"]
        dockerfile = text("container/Dockerfile")
        self.assertEqual(run, json.loads(re.search(r"^ENTRYPOINT (.+)$", dockerfile, re.MULTILINE)[1]))
        self.assertIn("WORKDIR /opt/program\n", dockerfile)
        self.assertIn("COPY app/src ./src\n", dockerfile)
        self.assertTrue((ROOT / "container/app" / run[1].removeprefix("/opt/program/")).is_file())


class Pipeline(unittest.TestCase):
    """What one action hands on is what the next one takes."""

    def test_the_build_exports_what_is_used(self):
        exported = set(deployables.buildspec()["env"]["exported-variables"])
        configuration = json.dumps([action(name)["Configuration"] for name in ("Rehearse", "Approval", "Execute")])
        used = set(re.findall(r"#\{BuildVariables\.(\w+)\}", configuration))
        self.assertEqual(used, exported)
        script = deployables.buildspec_script()
        for name in exported:
            self.assertTrue(re.search(rf"export {name}\b", script), name)

    def test_namespaces_exist(self):
        actions = ("Source", "Build", "Rehearse", "Execute")
        known = {action(name)["Namespace"] for name in actions} | {"codepipeline"}
        stages = json.dumps(PIPELINE["Resources"]["Pipeline"])
        self.assertLessEqual(set(re.findall(r"#\{(\w+)\.", stages)), known)

    def test_the_buildspec_reads_what_exists(self):
        self.assertTrue((ROOT / PIPELINE["Resources"]["BuildProject"]["Properties"]["Source"]["BuildSpec"]).is_file())
        given = set(deployables.project_variables()) | set(deployables.codebuild_variables())
        store = deployables.buildspec()["env"]["parameter-store"]
        for environment in ("dev", "prod"):
            names = {name.replace("$ENVIRONMENT", environment) for name in store.values()}
            self.assertLessEqual(names, parameter_names(environment))
        script = "\n".join(deployables.commands())
        read = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", script))
        self.assertLessEqual(read, given | set(store) | set(deployables.buildspec()["env"]["exported-variables"]))

    def test_the_execute_action_fits_its_function(self):
        for environment in ("dev", "prod"):
            with self.subTest(environment):
                given = user_parameters(environment)
                self.assertLessEqual(len(given), 1000)
                fields = json.loads(given)
                self.assertIn(fields["stateMachine"].removeprefix("ssm:"), parameter_names(environment))
                names = {resolve(each["Properties"]["FunctionName"], environment) for each in FUNCTIONS.values()}
                self.assertIn(resolve(action("Execute")["Configuration"]["FunctionName"], environment), names)
        schema = ROOT / "functions/pipeline-action/user-parameters.schema.json"
        self.assertLessEqual(set(json.loads(user_parameters())), set(json.loads(schema.read_text())["properties"]))

    def test_output_variables_are_in_the_output(self):
        output = set(definition()["States"]["SageMaker-Hello-World"]["ResultSelector"])
        for path in json.loads(user_parameters())["outputVariables"].values():
            self.assertIn(path.removeprefix("$.job.") + ".$", output)

    def test_both_stacks_mean_the_same_repository_and_pipeline(self):
        repository = resolve(PIPELINE["Resources"]["ImageRepository"]["Properties"]["RepositoryName"])
        events = {name: event for each in FUNCTIONS.values() for name, event in each["Properties"].get("Events", {}).items()}
        pushed = resolve(events["ImagePushed"]["Properties"]["Pattern"])
        self.assertEqual(pushed["detail"]["repository-name"], [repository])
        abandoned = resolve(events["ActionAbandoned"]["Properties"]["Pattern"])
        self.assertEqual(abandoned["detail"]["pipeline"], [resolve(PIPELINE["Resources"]["Pipeline"]["Properties"]["Name"])])


class Readme(unittest.TestCase):
    """The README's reference leaves nothing out that somebody can set, catch or use."""

    def names(self):
        for function in [TEMPLATE["Globals"]["Function"], *(each["Properties"] for each in FUNCTIONS.values())]:
            yield from function.get("Environment", {}).get("Variables", {})
        yield from (each["Metadata"]["BuildProperties"]["Binary"] for each in FUNCTIONS.values())
        schema = json.loads(text("functions/pipeline-action/user-parameters.schema.json"))
        yield from schema["properties"]
        yield from schema["properties"]["outputVariables"]["propertyNames"]["not"]["enum"]
        fields = re.search(r"const FIELDS: \[&str; \d+\] = \[(.+?)\]", text("functions/image-push/src/rule.rs"), re.DOTALL)
        yield from re.findall(r'"(\w+)"', fields[1])
        problem = text("shared/src/parameters/problem.rs")
        yield from sorted(set(re.findall(r'"((?:Secure)?Parameter\w+)"', problem)))

    def test_everything_is_named(self):
        readme = text("README.md")
        missing = sorted({name for name in self.names() if not re.search(rf"\b{name}\b", readme)})
        self.assertFalse(missing, "README.md does not name them")


class Deploying(unittest.TestCase):
    """`sam` and the workflows know the same environments."""

    STACKS = {"dev": TEMPLATE, "prod": TEMPLATE, "pipeline-dev": PIPELINE, "pipeline-prod": PIPELINE}

    def test_overrides_are_parameters(self):
        for name, document in self.STACKS.items():
            with self.subTest(name):
                deploy = samconfig()[name]["deploy"]["parameters"]
                overrides = dict(each.split("=", 1) for each in deploy["parameter_overrides"])
                self.assertLessEqual(set(overrides), set(document["Parameters"]))
                required = {key for key, each in document["Parameters"].items() if "Default" not in each}
                self.assertLessEqual(required, set(overrides))
                self.assertEqual(overrides["Environment"], name.removeprefix("pipeline-"))
                self.assertEqual(samconfig()[name]["global"]["parameters"]["stack_name"], f"stepline-{name}")

    def test_the_workflow_deploys_these(self):
        jobs = deployables.workflow("deploy.yml")["jobs"]
        runs = "\n".join(step.get("run", "") for step in jobs["deploy"]["steps"])
        self.assertEqual(re.findall(r'--config-env "([\w-]*)\$CONFIG_ENV"', runs), ["", "pipeline-"])
        regions = {each["global"]["parameters"]["region"] for each in samconfig().values() if isinstance(each, dict)}
        steps = [step["with"] for step in jobs["deploy"]["steps"] if "configure-aws" in step.get("uses", "")]
        self.assertEqual(regions, {steps[0]["aws-region"]})

    def test_branches_agree(self):
        for name, branch in (("pipeline-dev", "dev"), ("pipeline-prod", "main")):
            self.assertIn(f"Branch={branch}", samconfig()[name]["deploy"]["parameters"]["parameter_overrides"])
        triggers = deployables.workflow("deploy.yml")["on"]
        for event in ("pull_request", "push"):
            self.assertEqual(triggers[event]["branches"], ["dev", "main"])
            self.assertEqual(triggers[event]["paths"], triggers["push"]["paths"])
        for path in triggers["push"]["paths"]:
            with self.subTest(path):
                self.assertTrue((ROOT / path.removesuffix("/**")).exists())


class Events(unittest.TestCase):
    """Each sample belongs to a function, is told of, and gives nothing away."""

    def test_each_is_told_of(self):
        told = text("events/README.md")
        sections = {each.split("\n", 1)[0]: each for each in told.split("\n## ")[1:]}
        self.assertEqual(set(sections), {path.parent.name for path in (ROOT / "functions").glob("*/Cargo.toml")})
        for function, section in sections.items():
            rows = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
            names = {f"{function}-{name}" for row in rows for name in re.findall(r"`([^`]+)`", row)}
            self.assertEqual({path.stem for path in (ROOT / "events").glob(f"{function}-*.json")}, names)

    def test_rules_deliver_what_they_should(self):
        rules = {
            f"{logical}.{name}": resolve(event["Properties"]["Pattern"])
            for logical, function in FUNCTIONS.items()
            for name, event in function["Properties"].get("Events", {}).items()
            if event["Type"] == "EventBridgeRule"
        }
        delivered = {name: set() for name in rules}
        for path in (ROOT / "events").glob("*.json"):
            event = json.loads(path.read_text(encoding="utf-8"))
            for name, pattern in rules.items():
                if matches(pattern, event):
                    delivered[name].add(path.stem)
        pushes = {path.stem for path in (ROOT / "events").glob("image-push-*.json")}
        others = {"failed-push", "delete", "other-repository", "malformed", "scheduled-look"}
        self.assertEqual(
            delivered,
            {
                "PipelineActionFunction.ActionAbandoned": {"pipeline-action-abandoned"},
                "ImagePushFunction.ImagePushed": pushes - {f"image-push-{each}" for each in others},
            },
        )

    def test_none_holds_a_real_credential(self):
        for path in (ROOT / "events").glob("*.json"):
            with self.subTest(path.name):
                event = path.read_text(encoding="utf-8")
                self.assertEqual(set(re.findall(r'"accessKeyId": "(.*)"', event)) - {"ASIAIOSFODNN7EXAMPLE"}, set())
                self.assertEqual(set(re.findall(r"\b\d{12}\b", event.replace("-", "_"))) - {"123456789012"}, set())
                configuration = json.loads(event).get("CodePipeline.job", {}).get("data", {}).get("actionConfiguration")
                given = (configuration or {}).get("configuration", {}).get("UserParameters", "")
                self.assertLessEqual(len(given), 1000)


if __name__ == "__main__":
    unittest.main()
