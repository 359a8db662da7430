"""The scripts of the action that checks definitions: what is installed was looked at, and inputs reach the command as they are.

Run with `python3 -m unittest discover --start-directory .ci`; needs bash.
"""

import hashlib
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from deployables import ROOT

# A `gh` that has one release, whose wheel has these bytes, and says of signatures what it is told.
GH = """#!/usr/bin/env bash
echo "gh $*" >>"$LOG"
case "$1 $2" in
  "release download")
    while [ $# -gt 0 ]; do
      case "$1" in --pattern) names+=("$2") ;; --dir) folder=$2 ;; esac
      shift
    done
    printf wheel >"$folder/${names[0]}"
    printf '%s  %s\\n' "$SUM" "${names[0]}" >"$folder/SHA256SUMS"
    ;;
  "attestation verify") exit "$SIGNED" ;;
esac
"""
SUM = hashlib.sha256(b"wheel").hexdigest()


class Install(unittest.TestCase):
    """Nothing is installed that nobody vouches for."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name, text in (("gh", GH), ("uname", '#!/bin/sh\n[ "$1" = -s ] && echo Linux || echo "${MACHINE:-x86_64}"\n')):
            (self.folder / name).write_text(text, encoding="utf-8")
            (self.folder / name).chmod(0o755)

    def install(self, **environment):
        """What the script ends with, and what it says. A folder for the environment cannot be made: it gets no further."""
        (self.folder / "file").touch()
        (self.folder / "log").write_text("", encoding="utf-8")
        given = {
            **os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "LOG": str(self.folder / "log"), "SUM": SUM,
            "SIGNED": "0", "REPOSITORY": "team/stepline", "INTO": str(self.folder / "file/environment"), **environment,
        }
        done = subprocess.run(
            [ROOT / ".ci/check/install"], env=given, capture_output=True, text=True, timeout=60, check=False,
        )
        self.assertNotEqual(done.returncode, 0)
        return done.stderr, (self.folder / "log").read_text(encoding="utf-8")

    def test_a_wheel_is_taken_that_the_release_lists_and_its_workflow_has_signed(self):
        said, asked = self.install()
        self.assertNotIn("::error::", said)
        self.assertIn("file/environment", said)
        self.assertIn("--signer-workflow team/stepline/.github/workflows/release.yml --source-ref refs/tags/v", asked)

    def test_a_sum_that_is_given_takes_the_place_of_the_signature(self):
        said, asked = self.install(SHA256=SUM, SIGNED="1", SUM="0")
        self.assertNotIn("::error::", said)
        self.assertNotIn("attestation", asked)

    def test_anything_else_is_refused(self):
        for environment, told in (
            ({"SHA256": "0" * 64}, f"has the sum {SUM}, and sha256 says 0000"),
            ({"SUM": "0" * 64}, f"has the sum {SUM}, which SHA256SUMS of v"),
            ({"SIGNED": "1"}, "nothing proves that the workflow of team/stepline made states_language-"),
            ({"MACHINE": "riscv64"}, "there is no wheel of states-language for Linux on riscv64"),
        ):
            with self.subTest(environment):
                said, _ = self.install(**environment)
                self.assertIn("::error::", said)
                self.assertIn(told, said)
                self.assertNotIn("file/environment", said)


class Run(unittest.TestCase):
    """What an action is given is given to the command, and to no shell."""

    def run_with(self, paths, express="false", strict="false"):
        with tempfile.TemporaryDirectory() as folder:
            command = Path(folder) / "command"
            command.write_text('#!/bin/sh\nprintf "%s|" "$@"\n', encoding="utf-8")
            command.chmod(0o755)
            given = {**os.environ, "PATHS": paths, "EXPRESS": express, "STRICT": strict, "COMMAND": str(command)}
            done = subprocess.run(
                [ROOT / ".ci/check/run"], env=given, capture_output=True, text=True, timeout=60, check=False,
            )
            return done.returncode, done.stdout or done.stderr

    def test_each_line_is_a_path(self):
        self.assertEqual(self.run_with("."), (0, "check|--format|github|--|.|"))
        self.assertEqual(
            self.run_with("a b\n\n$(touch x)\n", express="true", strict="true"),
            (0, "check|--format|github|--express|--strict|--|a b|$(touch x)|"),
        )

    def test_wrong_inputs_are_wrong_usage(self):
        self.assertEqual(self.run_with("\n"), (2, "::error::paths names nothing\n"))
        self.assertEqual(self.run_with(".", strict="yes"), (2, "::error::strict is `yes`: say true or false\n"))


if __name__ == "__main__":
    unittest.main()
