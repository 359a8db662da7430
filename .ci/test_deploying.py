"""The scripts that deploy and tear down, with an `aws` and a `sam` that write down what they are asked; what the build hands
over to the deployment; and the list of what a function is made of.

Run with `python3 -m unittest discover --start-directory .ci`; needs bash, the SAM CLI, and `cargo` for the list.
"""

import hashlib
import http.server
import importlib.util
import io
import json
import os
import shutil
import subprocess
import tempfile
import threading
import unittest
import zipfile
from pathlib import Path

from deployables import ROOT, samconfig, text, workflow

# What is built, and what of it template.yaml deploys: the rest is the service's.
FUNCTIONS = ["ask-service", "image-push", "pipeline-action", "resolve-parameters"]
OF_TEMPLATE = FUNCTIONS[1:]
DEFINITIONS = sorted(path for path in (ROOT / "statemachine").glob("*.asl.json") if path.name in text("sam/template.yaml"))

# What was called, in which region, and of SAM's deployments what they would have packaged. `aws` knows the stacks that are
# files of $FOLDER/stacks, each with the resources that its deletion keeps.
STAND_IN = """#!/usr/bin/env bash
name="$(basename "$0")"
call="$name $*"
stack="$(sed -n 's/.*--stack-name \\([^ ]*\\).*/\\1/p' <<<"$call")"
case "$call" in
  "aws cloudformation describe-stacks"*)
    if [[ -n "$DENIED" ]]; then echo "AccessDenied: $DENIED" >&2; exit 254; fi
    if [[ ! -e "$FOLDER/stacks/$stack" ]]; then echo "ValidationError: Stack with id $stack does not exist" >&2; exit 254; fi
    [[ "$call" != *RehearseIn* ]] || echo dev
    [[ "$call" != *DataBucketName* ]] || echo the-data
    exit ;;
  "aws cloudformation describe-stack-resources"*)
    cat "$FOLDER/stacks/$stack"
    exit ;;
  "aws codepipeline get-pipeline"*)
    if [[ ! -e "$FOLDER/pipeline" ]]; then echo "PipelineNotFoundException" >&2; exit 254; fi
    [[ "$call" != *--query* ]] || echo stepline-pipeline-action-dev ;;
  "aws sagemaker list-model-packages"*"--model-approval-status Approved"*) cat "$FOLDER/approved"; exit ;;
  "aws sagemaker list-model-packages"*) echo a-version; exit ;;
  "aws sagemaker describe-model-package"*) echo "${STATUS-Approved}"; exit ;;
  "aws ssm get-parameters"*) echo "${MACHINE-the-machine}"; exit ;;
  "aws ecs describe-services"*)
    if [[ ! -e "$FOLDER/service" ]]; then echo "ClusterNotFoundException: Cluster not found." >&2; exit 254; fi
    cat "$FOLDER/service"
    exit ;;
  "aws ecs describe-task-definition"*) cat "$FOLDER/model"; exit ;;
  "aws ecs list-task-definitions"*) echo arn:definition:1; exit ;;
  "aws stepfunctions describe-execution"*status*error*) printf 'FAILED\tDeploymentFailed\tit is not healthy\n'; exit ;;
  "aws stepfunctions describe-execution"*status*)
    if [[ ! -e "$FOLDER/looked" ]]; then touch "$FOLDER/looked"; echo RUNNING; else echo "${ENDED-SUCCEEDED}"; fi
    exit ;;
  "aws stepfunctions describe-execution"*) echo '{"url": "http://a"}'; exit ;;
  "aws stepfunctions start-execution"*) echo the-execution ;;
  "aws s3api list-object-versions"*)
    if [[ -e "$FOLDER/emptied" ]]; then echo '{"Objects": []}'; else echo '{"Objects": [{"Key": "k", "VersionId": "1"}]}'; fi
    exit ;;
  "aws s3api delete-objects"*) touch "$FOLDER/emptied" ;;
  "sam deploy"*)
    for ((at = 1; at <= $#; at++)); do
      if [[ "${!at}" == --template-file ]]; then at=$((at + 1)); cp "${!at}" "$FOLDER/template.yaml"; fi
    done
    [[ "$call" != *"--config-env serving-"* ]] || cp "$FOLDER/template.yaml" "$FOLDER/serving.yaml"
    for folder in $(sed -n 's#^ *CodeUri: \\(/.*\\)#\\1#p' "$FOLDER/template.yaml" 2>/dev/null); do
      mkdir -p "$FOLDER/packaged"
      [[ "$(ls -A "$folder")" == bootstrap && -x "$folder/bootstrap" ]] && cp "$folder/bootstrap" "$FOLDER/packaged/${folder##*/}"
    done ;;
esac
echo "$AWS_REGION $AWS_DEFAULT_REGION $call" >>"$FOLDER/calls"
"""


class Scripts(unittest.TestCase):
    """A copy of sam/ to run scripts in, in which everything but AWS and SAM is real."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        shutil.copytree(ROOT / "sam", self.folder / "sam", ignore=shutil.ignore_patterns(".aws-sam"))
        shutil.copytree(ROOT / ".ci/deploy", self.folder / ".ci/deploy")
        (self.folder / "stacks").mkdir()
        (self.folder / "bin").mkdir()
        for name in ("aws", "sam"):
            (self.folder / "bin" / name).write_text(STAND_IN, encoding="utf-8")
            (self.folder / "bin" / name).chmod(0o755)

    def run_script(self, *command, **environment):
        """Runs a script, and gives how it ended and what was called."""
        given = {"FOLDER": str(self.folder), "PATH": f"{self.folder}/bin:{os.environ['PATH']}", **environment}
        done = subprocess.run(
            [self.folder / command[0], *command[1:]],
            cwd=self.folder, env=given, capture_output=True, text=True, timeout=60, check=False,
        )
        calls = self.folder / "calls"
        made = calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []
        return done, [call.replace(str(self.folder), "") for call in made]

    def functions(self, **changes):
        """A folder as the build hands it over, with the sums of what is in it."""
        folder = self.folder / "functions"
        folder.mkdir()
        for name in FUNCTIONS:
            (folder / name).write_bytes(b"\x7fELF " + name.encode())
        sums = "\n".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}" for name in FUNCTIONS)
        return folder, sums


class Region(Scripts):
    """It is said once."""

    def test_it_is_read_from_where_it_is_said(self):
        self.assertEqual(self.run_script("sam/region")[0].stdout, samconfig()["default"]["global"]["parameters"]["region"] + "\n")

    def test_none_or_two_are_refused(self):
        config = self.folder / "sam/samconfig.toml"
        whole = config.read_text(encoding="utf-8")
        said = 'region = "us-east-1"\n'
        for changed in (whole.replace(said, ""), whole + said, whole.replace("us-east-1\"\n", "here\"\n")):
            config.write_text(changed, encoding="utf-8")
            for script in (["sam/region"], ["sam/deploy", "deployer"], ["sam/teardown", "dev"]):
                done, calls = self.run_script(*script)
                self.assertEqual((done.returncode, calls), (1, []), script)
                self.assertIn("sam/samconfig.toml must give one `region", done.stderr)


class Deploy(Scripts):
    """What `sam/deploy` deploys."""

    def test_functions_that_were_built_elsewhere_come_with_this_folders_templates(self):
        folder, _ = self.functions()
        # What a build left behind, or handed over, must not be deployed.
        build = self.folder / "sam/.aws-sam/build"
        build.mkdir(parents=True)
        (build / "template.yaml").write_text("Resources: {}", encoding="utf-8")
        for given in (str(folder), "functions"):
            with self.subTest(given):
                (self.folder / "calls").unlink(missing_ok=True)
                done, calls = self.run_script("sam/deploy", "dev", "--functions", given)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(len(calls), 2, calls)
                region = "us-east-1 us-east-1 "
                config = "--config-file /sam/samconfig.toml --config-env"
                self.assertTrue(calls[0].startswith(f"{region}sam deploy {config} dev --template-file /"), calls[0])
                self.assertEqual(calls[1], f"{region}sam deploy {config} pipeline-dev")
                for name in OF_TEMPLATE:
                    self.assertEqual((self.folder / "packaged" / name).read_bytes(), (folder / name).read_bytes())
                ours, deployed = ((self.folder / path).read_text(encoding="utf-8").splitlines() for path in ("sam/template.yaml", "template.yaml"))
                changed = [(before, after) for before, after in zip(ours, deployed, strict=True) if before != after]
                self.assertEqual(len(changed), len(OF_TEMPLATE) + len(DEFINITIONS))
                for before, after in changed:
                    self.assertRegex(before, r"^ *(CodeUri: \.\./functions/|DefinitionUri: \.\./statemachine/)")
                    self.assertEqual(before.split(":")[0], after.split(":")[0])
                    self.assertEqual(before.rsplit("/", 1)[1], after.rsplit("/", 1)[1])

    def test_without_them_they_are_built(self):
        done, calls = self.run_script("sam/deploy", "prod")
        self.assertEqual(done.returncode, 0, done.stderr)
        commands = [call.split(" sam ")[1].split(" --")[0] for call in calls]
        self.assertEqual(commands, ["validate", "build", "deploy", "deploy"])
        self.assertTrue(calls[2].endswith("--template-file .aws-sam/build/template.yaml"), calls[2])

    def test_the_roles_are_deployed_by_the_same_command(self):
        done, calls = self.run_script("sam/deploy", "deployer")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(calls, ["us-east-1 us-east-1 sam deploy --config-file /sam/samconfig.toml --config-env deployer"])

    def test_a_function_that_is_missing_stops_it_before_anything_is_deployed(self):
        for break_it in (lambda path: path.unlink(), lambda path: (path.unlink(), path.symlink_to("/bin/true"))):
            with self.subTest():
                self.setUp()
                folder, _ = self.functions()
                break_it(folder / "image-push")
                done, calls = self.run_script("sam/deploy", "dev", "--functions", str(folder))
                self.assertEqual((done.returncode, calls), (1, []))
                self.assertIn(f"there is no file {folder}/image-push", done.stderr)

    def test_anything_else_is_wrong_usage(self):
        for arguments in ([], ["test"], ["dev", "--function", "x"], ["deployer", "--functions", "x"], ["dev", "prod"]):
            done, calls = self.run_script("sam/deploy", *arguments)
            self.assertEqual((done.returncode, calls), (2, []), arguments)
            self.assertIn("usage: sam/deploy", done.stderr)


class Service(Scripts):
    """The service's stack: where the pipeline deploys to it, and so that it keeps what it has."""

    ARN = "arn:aws:ecs:us-east-1:123456789012:task-definition/stepline-service-dev:7"

    def setUp(self):
        super().setUp()
        config = self.folder / "sam/samconfig.toml"
        section = "[pipeline-dev.deploy.parameters]"
        before, after = config.read_text(encoding="utf-8").split(section)
        after = after.replace("parameter_overrides = [", 'parameter_overrides = [\n    "Serving=ecs",', 1)
        config.write_text(before + section + after, encoding="utf-8")

    def deploy(self, *arguments, **environment):
        """The commands of SAM with what they were given, shortened."""
        done, calls = self.run_script("sam/deploy", "dev", *arguments, **environment)
        return done, [call.split(" sam ")[1].replace(" --config-file /sam/samconfig.toml", "") for call in calls]

    def test_it_is_deployed_between_the_functions_and_the_pipeline(self):
        folder, _ = self.functions()
        done, calls = self.deploy("--functions", str(folder))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([call.split(" --template-file")[0] for call in calls], [
            "deploy --config-env dev", "deploy --config-env serving-dev", "deploy --config-env pipeline-dev",
        ])
        for name in FUNCTIONS:
            self.assertEqual((self.folder / "packaged" / name).read_bytes(), (folder / name).read_bytes())
        deployed = (self.folder / "serving.yaml").read_text(encoding="utf-8")
        self.assertIn("      DesiredCount: 0\n      TaskDefinition: !Ref NothingToServe\n", deployed)
        # prod's pipeline has none.
        (self.folder / "calls").unlink()
        done, calls = self.run_script("sam/deploy", "prod", "--functions", str(folder))
        self.assertEqual((done.returncode, len(calls)), (0, 2), done.stderr)

    def test_what_is_served_stays(self):
        folder, _ = self.functions()
        (self.folder / "service").write_text(f"{self.ARN}\t3\n", encoding="utf-8")
        done, _ = self.deploy("--functions", str(folder))
        self.assertEqual(done.returncode, 0, done.stderr)
        ours, deployed = ((self.folder / path).read_text(encoding="utf-8").splitlines() for path in ("sam/serving.yaml", "serving.yaml"))
        changed = [after.strip() for before, after in zip(ours, deployed, strict=True) if before != after]
        self.assertEqual(changed[0:2], ["DesiredCount: 3", f"TaskDefinition: {self.ARN}"])
        self.assertEqual([line.split(":")[0] for line in changed[2:]], ["CodeUri", "DefinitionUri"])

    def test_it_is_built_where_no_functions_are_given(self):
        done, calls = self.deploy()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([call.split(" --")[0] for call in calls], ["validate", "build", "validate", "build", "deploy", "deploy", "deploy"])
        self.assertIn("--config-env serving-dev --template-file .aws-sam/serving/template.yaml", calls[5])

    def test_a_service_that_may_not_be_seen_stops_it_before_anything_is_deployed(self):
        aws = self.folder / "bin/aws"
        aws.write_text("#!/bin/sh\necho 'AccessDenied: not you' >&2\nexit 254\n", encoding="utf-8")
        done, calls = self.run_script("sam/deploy", "dev")
        self.assertEqual((done.returncode, calls), (1, []))
        self.assertIn("AccessDenied: not you", done.stderr)


class RollBack(Scripts):
    """Going back to the model before."""

    GROUP = "arn:aws:sagemaker:us-east-1:123456789012:model-package/ml-pipeline-dev"

    def setUp(self):
        super().setUp()
        (self.folder / "service").write_text("arn:definition:7\n", encoding="utf-8")
        (self.folder / "model").write_text(f"{self.GROUP}/10\n", encoding="utf-8")
        approved = "".join(f"{self.GROUP}/{number}\n" for number in (11, 10, 9, 2))
        (self.folder / "approved").write_text(approved, encoding="utf-8")

    def roll_back(self, *arguments, **environment):
        """What was changed, shortened."""
        done, calls = self.run_script("sam/roll-back", *arguments, STEPLINE_LOOK_SECONDS="0", **environment)
        return done, [call.removeprefix("us-east-1 us-east-1 aws ").split(" --output")[0] for call in calls]

    def expected(self, number):
        """What going back to a version is."""
        return [
            f"sagemaker update-model-package --model-package-arn {self.GROUP}/10 --model-approval-status Rejected "
            f"--approval-description Gone back to version {number} with sam/roll-back",
            f'stepfunctions start-execution --state-machine-arn the-machine --input {{"model": {{"arn": "{self.GROUP}/{number}"}}}} '
            "--query executionArn",
        ]

    def test_the_newest_approved_version_before_it_is_taken(self):
        done, calls = self.roll_back("dev")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(calls, self.expected(9))
        self.assertIn("version 10 is rejected; the service of dev takes version 9", done.stdout)
        self.assertTrue(done.stdout.endswith('{"url": "http://a"}\n'), done.stdout)

    def test_or_the_one_that_is_given(self):
        done, calls = self.roll_back("dev", "2")
        self.assertEqual((done.returncode, calls), (0, self.expected(2)), done.stderr)

    def test_a_deployment_that_fails_is_told_with_what_to_do(self):
        done, calls = self.roll_back("dev", ENDED="FAILED")
        self.assertEqual((done.returncode, calls), (1, self.expected(9)))
        self.assertIn("DeploymentFailed\tit is not healthy", done.stderr)
        self.assertIn(f"update-model-package --model-package-arn {self.GROUP}/10 --model-approval-status Approved", done.stderr)

    def test_what_may_not_be_seen_is_not_taken_for_gone(self):
        """What AWS says is the reason, and nothing else is said."""
        self.denied("ssm get-parameters")
        done, calls = self.roll_back("dev")
        self.assertEqual((done.returncode, calls, done.stderr), (254, [], "AccessDenied: not you\n"))

    def test_a_deployment_that_may_not_be_started_is_told_with_what_to_do(self):
        self.denied("stepfunctions start-execution")
        done, _ = self.roll_back("dev")
        self.assertEqual(done.returncode, 1)
        self.assertIn("AccessDenied: not you", done.stderr)
        self.assertIn(f"update-model-package --model-package-arn {self.GROUP}/10 --model-approval-status Approved", done.stderr)

    def denied(self, operation):
        """Has AWS refuse one operation."""
        aws = self.folder / "bin/aws"
        (self.folder / "allowed").mkdir()
        aws.rename(self.folder / "allowed/aws")
        aws.write_text(
            f'#!/bin/bash\n[[ "$1 $2" != "{operation}" ]] || {{ echo "AccessDenied: not you" >&2; exit 254; }}\n'
            'exec "$FOLDER/allowed/aws" "$@"\n',
            encoding="utf-8",
        )
        aws.chmod(0o755)

    def test_what_cannot_be_gone_back_to_changes_nothing(self):
        for what, arguments, environment, said in (
            ("not approved", ["dev", "2"], {"STATUS": "Rejected"}, f"{self.GROUP}/2 is Rejected"),
            ("served already", ["dev", "10"], {}, "version 10 is the one that is served"),
            ("no state machine", ["dev"], {"MACHINE": "None"}, "there is no /stepline/dev/deploy-state-machine"),
        ):
            with self.subTest(what):
                done, calls = self.roll_back(*arguments, **environment)
                self.assertEqual((done.returncode, calls), (1, []))
                self.assertIn(said, done.stderr)
        (self.folder / "approved").write_text(f"{self.GROUP}/11\n", encoding="utf-8")
        done, calls = self.roll_back("dev")
        self.assertEqual((done.returncode, calls), (1, []))
        self.assertIn(f"no approved version before the one that is served, {self.GROUP}/10", done.stderr)
        (self.folder / "model").write_text("None\n", encoding="utf-8")
        done, calls = self.roll_back("dev")
        self.assertEqual((done.returncode, calls), (1, []))
        self.assertIn("serves no model yet", done.stderr)

    def test_anything_else_is_wrong_usage(self):
        for arguments in ([], ["test"], ["dev", "0"], ["dev", "x"], ["dev", "1", "2"]):
            done, calls = self.roll_back(*arguments)
            self.assertEqual((done.returncode, calls), (2, []), arguments)


class Bucket(http.server.BaseHTTPRequestHandler):
    """As much of S3 as an upload needs."""

    def do_HEAD(self):
        self.answer(200 if self.path in self.server.objects else 404)

    def do_PUT(self):
        length = int(self.headers.get("x-amz-decoded-content-length") or self.headers["content-length"])
        assert "x-amz-decoded-content-length" not in self.headers, "in chunks, which nothing here reads"
        self.server.objects[self.path] = self.rfile.read(length)
        self.answer(200)

    def answer(self, status):
        self.send_response(status)
        self.send_header("etag", '"e"')
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Says nothing."""


class Package(Scripts):
    """What the SAM CLI itself makes of it: it packages as it would for a deployment, into a bucket on this machine."""

    # `sam deploy` is `sam package` and then CloudFormation, which is not here.
    PACKAGES = """#!/usr/bin/env bash
[[ "$*" != *pipeline-dev* ]] || exit 0
shift
exec "$SAM" package "$@" --s3-bucket bucket --output-template-file "$FOLDER/packaged.yaml"
"""

    def test_each_zip_has_the_one_file_that_was_built(self):
        folder, _ = self.functions()
        (self.folder / "bin/sam").write_text(self.PACKAGES, encoding="utf-8")
        shutil.copytree(ROOT / "statemachine", self.folder / "statemachine")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
        server.objects = {}
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done, _ = self.run_script(
            "sam/deploy", "dev", "--functions", str(folder),
            AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", HOME=str(self.folder),
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{server.server_port}", AWS_REQUEST_CHECKSUM_CALCULATION="when_required",
            SAM=shutil.which("sam"), SAM_CLI_TELEMETRY="0",
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        zips = [zipfile.ZipFile(io.BytesIO(body)) for body in server.objects.values() if body.startswith(b"PK")]
        packed = []
        for each in zips:
            (entry,) = each.infolist()
            self.assertEqual(entry.filename, "bootstrap")
            self.assertEqual(entry.external_attr >> 16 & 0o777, 0o755)
            packed.append(each.read(entry))
        self.assertEqual(sorted(packed), [(folder / name).read_bytes() for name in OF_TEMPLATE])
        # Beside them the definitions, and nothing else of this folder or of any other.
        others = [body for body in server.objects.values() if not body.startswith(b"PK")]
        self.assertCountEqual(others, [definition.read_bytes() for definition in DEFINITIONS])


class HandOver(Scripts):
    """What the jobs that hold a token take from the one that compiled."""

    def check(self, change):
        """Checks a folder that was changed, and the sums that were."""
        self.setUp()
        folder, sums = self.functions()
        sums = change(folder, sums) or sums
        done, _ = self.run_script(".ci/deploy/check-functions", str(folder), SUMS=sums)
        return done

    def test_plain_files_with_their_sums_are_taken(self):
        done = self.check(lambda folder, sums: None)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines(), [f"{name}: OK" for name in FUNCTIONS])

    def test_anything_else_is_not(self):
        names = "ask-service, image-push, pipeline-action, resolve-parameters"
        for what, change, said in (
            ("a changed file", lambda folder, _: (folder / "image-push").write_bytes(b"other") and None, "image-push: FAILED"),
            ("one less", lambda folder, _: (folder / "image-push").unlink(), f"the plain files {names}"),
            ("one more", lambda folder, _: (folder / "template.yaml").touch(), "and handed over ask-service, image-push, pipeline-action"),
            ("a folder", lambda folder, _: (folder / "sam").mkdir(), "sam"),
            (
                "a link",
                lambda folder, _: ((folder / "image-push").unlink(), (folder / "image-push").symlink_to("pipeline-action")) and None,
                f"the plain files {names}",
            ),
            ("no sums", lambda folder, _: "\n", f"the sums of {names}"),
            ("a sum less", lambda folder, sums: sums.split("\n", 1)[1], f"the sums of {names}"),
            ("another file's sum", lambda folder, sums: sums + f"\n{'0' * 64}  ../../sam/template.yaml", f"the sums of {names}"),
        ):
            with self.subTest(what):
                done = self.check(change)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(said, done.stdout + done.stderr)

    def test_the_workflow_and_the_template_name_the_same_functions(self):
        jobs = workflow("deploy.yml")["jobs"]
        self.assertEqual(sorted(jobs["attest"]["strategy"]["matrix"]["function"]), FUNCTIONS)
        take = next(step["run"] for step in jobs["build"]["steps"] if step.get("id") == "sums")
        loop = next(line for line in take.splitlines() if line.strip().startswith("for name in "))
        self.assertEqual(sorted(loop.strip().removeprefix("for name in ").removesuffix("; do").split()), FUNCTIONS)
        for name in FUNCTIONS:
            self.assertIn(f"CodeUri: ../functions/{name}\n", text("sam/template.yaml") + text("sam/serving.yaml"))

    def test_what_is_installed_beside_a_token_is_pinned_by_hash_and_at_the_version_that_is_tested(self):
        lines = text(".ci/deploy/requirements.txt").splitlines()
        packages = [at for at, line in enumerate(lines) if line and line[0] not in " #"]
        self.assertGreater(len(packages), 20)
        for at in packages:
            self.assertRegex(lines[at], r"^[A-Za-z0-9._-]+(\[[a-z]+\])?==\S+ \\$")
            self.assertRegex(lines[at + 1], r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")
        wanted = [line for line in text(".ci/deploy/requirements.in").splitlines() if not line.startswith("#")]
        self.assertEqual(len(wanted), 1)
        self.assertIn(wanted[0] + " \\", lines)
        self.assertIn(wanted[0], text(".ci/requirements.txt").splitlines())


class Move(Scripts):
    """Taking a pipeline over."""

    def configured(self, **names):
        """samconfig.toml with further parameters, by environment."""
        config = self.folder / "sam/samconfig.toml"
        whole = config.read_text(encoding="utf-8")
        for environment, name in names.items():
            before, after = whole.split(f"[{environment.replace('_', '-')}.deploy.parameters]", 1)
            whole = f"{before}[{environment.replace('_', '-')}.deploy.parameters]" + after.replace(
                "parameter_overrides = [", f'parameter_overrides = [\n    "{name}",\n', 1
            )
        config.write_text(whole, encoding="utf-8")

    def test_the_name_has_to_be_everywhere_where_it_counts(self):
        for names, said in (
            ({"dev": "PipelineName=ours"}, "must give dev and pipeline-dev the same PipelineName"),
            ({"dev": "PipelineName=ours", "pipeline_dev": "PipelineName=ours"}, "must give deployer DevPipelineName=ours too"),
        ):
            with self.subTest(said):
                self.setUp()
                self.configured(**names)
                done, calls = self.run_script("sam/move-pipeline", "dev", "--yes")
                self.assertEqual((done.returncode, calls), (1, []))
                self.assertIn(said, done.stderr)

    def test_a_pipeline_that_is_not_there_is_named_with_the_place(self):
        done, calls = self.run_script("sam/move-pipeline", "dev", "--yes")
        self.assertEqual((done.returncode, calls), (1, []))
        self.assertIn("there is no pipeline `stepline-dev` to move in this account and in us-east-1", done.stderr)

    def test_it_is_imported_and_then_made_what_the_template_says(self):
        (self.folder / "pipeline").touch()
        name = "PipelineName=ours"
        self.configured(dev=name, pipeline_dev=name, deployer=f"Dev{name}")
        done, calls = self.run_script("sam/move-pipeline", "dev", "--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.folder / "ours.before.json").exists())
        made = [" ".join(call.split()[2:5]) for call in calls]
        self.assertEqual(made, [
            "aws codepipeline get-pipeline",
            "aws cloudformation create-change-set",
            "aws cloudformation wait",
            "aws cloudformation describe-change-set",
            "aws cloudformation execute-change-set",
            "aws cloudformation wait",
            "sam deploy --config-file",
            "aws codepipeline get-pipeline",
        ])
        self.assertIn("--change-set-type CREATE --import-existing-resources", calls[1])


class Seed(Scripts):
    """What the buckets of an environment begin with."""

    def setUp(self):
        super().setUp()
        (self.folder / "seed/DataBucket/raw").mkdir(parents=True)
        (self.folder / "stacks/stepline-dev").touch()

    def test_each_folder_goes_into_the_bucket_that_it_is_named_after(self):
        done, calls = self.run_script("sam/seed", "dev")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(calls, ["us-east-1 us-east-1 aws s3 sync ../seed/DataBucket/ s3://the-data/"])

    def test_a_folder_that_no_bucket_is_named_after_is_named(self):
        (self.folder / "seed/Datenbucket").mkdir()
        done, calls = self.run_script("sam/seed", "dev")
        self.assertEqual((done.returncode, len(calls)), (1, 1))
        self.assertIn("the stack stepline-dev has no output DatenbucketName", done.stderr)

    def test_an_environment_that_is_none_is_refused(self):
        done, calls = self.run_script("sam/seed", "test")
        self.assertEqual((done.returncode, calls, done.stderr), (2, [], "usage: sam/seed dev|prod\n"))


class Teardown(Scripts):
    """What is taken away, in which order, and what stays."""

    KEPT = "AWS::CodePipeline::Pipeline\tstepline-dev\nAWS::ECR::Repository\tml-pipeline-dev\nAWS::S3::Bucket\tartifacts\n"
    GROUP = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/ml-pipeline-dev"

    def deployed(self, *stacks):
        """These stacks are there."""
        for stack in stacks:
            kept = self.KEPT if "pipeline" in stack else f"AWS::SageMaker::ModelPackageGroup\t{self.GROUP}\n"
            (self.folder / "stacks" / stack).write_text(kept, encoding="utf-8")

    def teardown(self, *arguments):
        """What was called, shortened."""
        done, calls = self.run_script("sam/teardown", *arguments)
        return done, [call.removeprefix("us-east-1 us-east-1 aws ").split(" --output")[0] for call in calls]

    @staticmethod
    def gone(stack):
        return [f"cloudformation delete-stack --stack-name {stack}", f"cloudformation wait stack-delete-complete --stack-name {stack}"]

    def test_the_pipeline_goes_first_and_what_it_keeps_is_named(self):
        self.deployed("stepline-dev", "stepline-pipeline-dev")
        done, calls = self.teardown("dev")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(calls, [*self.gone("stepline-pipeline-dev"), *self.gone("stepline-dev")])
        for kept in ("stepline-dev (AWS::CodePipeline::Pipeline)", "ml-pipeline-dev (AWS::ECR::Repository)", "artifacts (AWS::S3::Bucket)",
                     f"{self.GROUP} (AWS::SageMaker::ModelPackageGroup)"):
            self.assertIn(f"kept: {kept}\n", done.stdout)

    def test_the_service_goes_before_what_it_serves(self):
        self.deployed("stepline-dev", "stepline-pipeline-dev", "stepline-serving-dev")
        done, calls = self.teardown("dev")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        definitions = ["ecs deregister-task-definition --task-definition arn:definition:1"]
        stacks = ("stepline-pipeline-dev", "stepline-serving-dev", "stepline-dev")
        pipeline, service, functions = (self.gone(stack) for stack in stacks)
        self.assertEqual(calls, [*pipeline, *service, *definitions, *functions])

    def test_with_its_data_nothing_is_kept(self):
        self.deployed("stepline-dev", "stepline-pipeline-dev")
        done, calls = self.teardown("dev", "--data")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        deletions = [
            "codepipeline delete-pipeline --name stepline-dev",
            "ecr delete-repository --repository-name ml-pipeline-dev --force",
            's3api delete-objects --bucket artifacts --delete {"Objects": [{"Key": "k", "VersionId": "1"}]}',
            "s3api delete-bucket --bucket artifacts",
            "sagemaker delete-model-package --model-package-name a-version",
            "sagemaker delete-model-package-group --model-package-group-name ml-pipeline-dev",
        ]
        self.assertEqual(calls, [*self.gone("stepline-pipeline-dev"), *self.gone("stepline-dev"), *deletions])

    def test_what_is_not_there_is_no_fault(self):
        done, calls = self.teardown("dev", "--data")
        self.assertEqual((done.returncode, calls), (0, []), done.stderr)

    def test_what_may_not_be_seen_is_not_taken_for_gone(self):
        done, calls = self.run_script("sam/teardown", "prod", DENIED="not you")
        self.assertEqual((done.returncode, calls), (1, []))
        self.assertIn("AccessDenied: not you", done.stderr)

    def test_nothing_is_taken_from_under_what_needs_it(self):
        self.deployed("stepline-pipeline-prod", "stepline-dev")
        for environment, said in (("dev", "sam/teardown prod first"), ("deployer", "stepline-dev is still there: sam/teardown dev first")):
            done, calls = self.teardown(environment)
            self.assertEqual((done.returncode, calls), (1, []))
            self.assertIn(said, done.stderr)

    def test_the_roles_go_last(self):
        self.deployed("stepline-deployer")
        done, calls = self.teardown("deployer")
        self.assertEqual((done.returncode, calls), (0, self.gone("stepline-deployer")), done.stderr)

    def test_anything_else_is_wrong_usage(self):
        for arguments in ([], ["test"], ["dev", "--everything"], ["deployer", "--data"]):
            done, calls = self.teardown(*arguments)
            self.assertEqual((done.returncode, calls), (2, []), arguments)


class Sbom(unittest.TestCase):
    """What a function is made of."""

    def test_every_crate_has_its_version_and_the_sum_that_cargo_pins(self):
        spec = importlib.util.spec_from_file_location("sbom", ROOT / ".ci/deploy/sbom.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        document = module.sbom("image-push")
        self.assertEqual(json.dumps(document), json.dumps(module.sbom("image-push")), "the same each time")
        self.assertEqual((document["bomFormat"], document["specVersion"]), ("CycloneDX", "1.6"))
        self.assertTrue(document["serialNumber"].startswith("urn:uuid:"))
        self.assertEqual(document["metadata"]["component"]["name"], "image-push")
        names = {each["name"] for each in document["components"]}
        self.assertLessEqual({"shared", "lambda_runtime", "aws-sigv4", "rustls"}, names)
        # What only tests or build scripts use, and another function's own.
        self.assertFalse({"proptest", "cc", "zip"} & names)
        for each in document["components"]:
            self.assertEqual("hashes" in each, each["name"] != "shared", each["name"])
        with self.assertRaises(SystemExit):
            module.sbom("serde")


if __name__ == "__main__":
    unittest.main()
