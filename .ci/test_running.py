"""How .ci/run runs its steps: what is skipped is said at the end, and fails the run where it may not be skipped."""

import os
import re
import subprocess
import tempfile
import unittest

from deployables import ROOT, text, workflow

STEPS = """set -euo pipefail
source "$ROOT/.ci/running.sh"
half() { skip "no left leg"; echo "on the right one"; }
engine_is_here() { skip "no engine"; return 1; }
engine() { engine_is_here || return 0; echo "never"; }
step "whole" echo "did it"
step "legs: both" half
step "engine" engine
"""


def run(script, **environment):
    """The script, with the steps above before it: its exit code, and its lines with every time as N."""
    inherited = {name: value for name, value in os.environ.items() if name != "CI_MAY_SKIP"}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["bash", "-c", STEPS + script],
            cwd=folder,
            env={**inherited, **environment, "ROOT": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert not done.stderr, done.stderr
    return done.returncode, re.sub(r"\b\d+ s\b", "N s", done.stdout).splitlines()


class Running(unittest.TestCase):
    """The last lines and the exit code of a run."""

    def test_what_was_skipped_is_said_at_the_end_with_its_reason(self):
        code, lines = run("ended")
        self.assertEqual(code, 0)
        self.assertEqual(lines[-3:-1], ["skipped: legs: both: no left leg", "skipped: engine: no engine"])
        self.assertEqual(lines[-1], "all steps passed in N s, but for what was skipped")
        self.assertIn("on the right one", lines, "a step goes on with what it can")
        self.assertNotIn("never", lines)

    def test_a_run_that_skips_nothing_says_nothing_of_it(self):
        code, lines = run(': >"$skipped"; ended', CI_MAY_SKIP="")
        self.assertEqual((code, lines[-2:]), (0, ["", "all steps passed in N s"]))

    def test_what_may_be_skipped_is_and_nothing_else(self):
        for may, expected in (
            ("legs: both\nengine\n", []),
            ("engine", ["FAILED, skipped although it has to run here: legs: both: no left leg"]),
            ("legs: both\nengin", [
                "FAILED, skipped although it has to run here: engine: no engine",
                "FAILED, CI_MAY_SKIP names no step: engin",
            ]),
            ("", [
                "FAILED, skipped although it has to run here: legs: both: no left leg",
                "FAILED, skipped although it has to run here: engine: no engine",
            ]),
        ):
            with self.subTest(may):
                code, lines = run("ended", CI_MAY_SKIP=may)
                self.assertEqual(code, 1 if expected else 0)
                self.assertEqual([line for line in lines if line.startswith("FAILED")], expected)
                self.assertEqual(lines[-1].startswith("all steps passed"), not expected)

    def test_the_first_step_that_fails_ends_the_run(self):
        code, lines = run('bad() { false; echo "on"; }\nstep "bad" bad\nstep "next" echo "next"\nended')
        self.assertEqual((code, lines[-2:]), (1, ["=== bad", "=== bad: FAILED (exit code 1) after N s"]))

    def test_on_github_everything_runs_but_steps_that_there_are(self):
        steps = re.findall(r'^step "([^"]+)"', text(".ci/run"), re.MULTILINE)
        job = workflow("validate.yml")["jobs"]["validate"]
        [run_all] = [step for step in job["steps"] if step.get("run") == "bash .ci/run"]
        may = run_all["env"]["CI_MAY_SKIP"].splitlines()
        self.assertEqual([name for name in may if name not in steps], [])
        self.assertLess(len(may), len(steps) / 2)


if __name__ == "__main__":
    unittest.main()
