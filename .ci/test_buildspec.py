"""The buildspec's commands, run by bash as CodeBuild runs them, with a `docker` and an `aws` that write down what they
are asked and answer from a registry that is a file.
"""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import deployables

COMMIT = "3f9d2c1b7a6e5f4d3c2b1a0f9e8d7c6b5a4f3e2d"
TAG = "commit-3f9d2c1b7a6e"
URI = "123456789012.dkr.ecr.us-east-1.amazonaws.com/ml-pipeline-dev"
DIGEST = "sha256:" + "ab" * 32

LOGIN = [
    "aws ecr get-login-password",
    "docker login --username AWS --password-stdin 123456789012.dkr.ecr.us-east-1.amazonaws.com",
]
LOOK = (
    f"aws ecr batch-get-image --repository-name ml-pipeline-dev --image-ids imageTag={TAG}"
    " --query images[0].imageId.imageDigest --output text"
)
BUILD = (
    "docker buildx build --platform linux/amd64 --build-arg PYTHON_ENV=test --provenance=false --sbom=false"
    f" --tag {URI}:{TAG} --output type=image,oci-mediatypes=false,push=true container"
)
CHECK = (
    f"aws ecr batch-get-image --repository-name ml-pipeline-dev --image-ids imageDigest={DIGEST}"
    " --query images[0].imageManifestMediaType --output text"
)
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
OCI = "application/vnd.oci.image.manifest.v1+json"

# Both stand-ins: write the call down, fail if it is the one that shall fail, else do what little there is to do.
STAND_IN = """#!/usr/bin/env bash
call="$(basename "$0") $*"
echo "$call" >>"$FOLDER/calls"
if [ -n "$FAILS" ] && [[ "$call" == "$FAILS"* ]]; then echo "$call failed" >&2; exit 1; fi
case "$call" in
  "aws ecr get-login-password"*) echo a-password ;;
  "docker login"*) [ "$(cat)" = a-password ] || exit 1 ;;
  "docker buildx build"*push=true*) echo "$PUSHES" >"$FOLDER/registry" ;;
  *imageManifestMediaType*) echo "$IS" ;;
  "aws ecr batch-get-image"*) cat "$FOLDER/registry" 2>/dev/null || echo None ;;
esac
"""


class Buildspec(unittest.TestCase):
    """What a build does, call by call."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name in ("aws", "docker"):
            (self.folder / name).write_text(STAND_IN, encoding="utf-8")
            (self.folder / name).chmod(0o755)

    def build(self, fails="", there=None, pushes=DIGEST, media_type=DOCKER, **environment):
        """Runs the commands one after the other in one shell, as version 0.2 has it, up to the first that fails."""
        if there:
            (self.folder / "registry").write_text(there, encoding="utf-8")
        given = {
            "CODEBUILD_RESOLVED_SOURCE_VERSION": COMMIT,
            "FAILS": fails,
            "FOLDER": str(self.folder),
            "IS": media_type,
            # The buildspec's own variables, which CodeBuild sets.
            **deployables.buildspec()["env"]["variables"],
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "PUSHES": pushes,
            "PYTHON_ENV": "test",
            "REPOSITORY_NAME": "ml-pipeline-dev",
            "REPOSITORY_URI": URI,
            **environment,
        }
        exported = " ".join(deployables.buildspec()["env"]["exported-variables"])
        script = "\n".join([*deployables.commands(), f'for name in {exported}; do echo "$name=${{!name}}"; done'])
        done = subprocess.run(
            ["bash", "-c", script], env=given, capture_output=True, text=True, timeout=60, check=False
        )
        calls = self.folder / "calls"
        made = calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []
        # The two ends of a pipe begin at the same time.
        return done, sorted(made[:2]) + made[2:]

    def test_a_new_commit_is_built_and_pushed(self):
        done, calls = self.build()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(calls, [*LOGIN, LOOK, BUILD, LOOK, CHECK])
        exported = [f"IMAGE_URI={URI}@{DIGEST}", f"IMAGE_DIGEST={DIGEST}", f"IMAGE_TAG={TAG}"]
        self.assertEqual(done.stdout.splitlines()[-3:], exported)

    def test_a_commit_that_was_built_is_not_built_again(self):
        done, calls = self.build(there=DIGEST)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(calls, [*LOGIN, LOOK, CHECK])
        self.assertIn(f"IMAGE_URI={URI}@{DIGEST}", done.stdout)

    def test_the_first_failing_command_ends_the_build(self):
        whole = [*LOGIN, LOOK, BUILD, LOOK, CHECK]
        for fails, made in (("aws ecr get-login", 2), ("docker login", 2), (LOOK, 3), (BUILD, 4), (CHECK, 6)):
            with self.subTest(fails):
                self.setUp()
                done, calls = self.build(fails=fails)
                self.assertNotEqual(done.returncode, 0)
                self.assertEqual(calls, whole[:made])
                self.assertNotIn("IMAGE_URI=", done.stdout)

    def test_no_digest_is_no_image(self):
        done, _ = self.build(pushes="None")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"no digest is known for {TAG}", done.stderr)

    def test_an_image_that_sagemaker_may_refuse_fails_the_build(self):
        for there in (None, DIGEST):
            with self.subTest(there):
                self.setUp()
                done, _ = self.build(there=there, media_type=OCI)
                self.assertEqual(done.returncode, 1)
                for part in (TAG, DIGEST, f"is a {OCI}", "aws ecr batch-delete-image --repository-name ml-pipeline-dev"):
                    self.assertIn(part, done.stderr)
                self.assertNotIn("IMAGE_URI=", done.stdout)

    def test_no_commit_is_no_build(self):
        done, calls = self.build(CODEBUILD_RESOLVED_SOURCE_VERSION="")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(calls, [])

    def test_no_password_is_shown(self):
        done, calls = self.build()
        self.assertNotIn("a-password", done.stdout + done.stderr + "".join(calls))

    def test_provenance_is_off_and_phases_abort(self):
        spec = deployables.buildspec()
        self.assertEqual(spec["env"]["variables"], {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1", "MEDIA_TYPE": DOCKER})
        self.assertEqual({phase["on-failure"] for phase in spec["phases"].values()}, {"ABORT"})


if __name__ == "__main__":
    unittest.main()
