"""The container's program as SageMaker runs it: a process, an exit code, and what it leaves behind.

Run with `python3 -m unittest discover --start-directory container/tests`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "app" / "src"


class HelloTest(unittest.TestCase):
    """Each case runs a copy of the program, so that it can be broken."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.program = Path(folder.name) / "src"
        self.ml_root = Path(folder.name) / "ml"
        shutil.copytree(SOURCE, self.program, ignore=shutil.ignore_patterns("__pycache__"))

    def run_program(self, **environment):
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        return subprocess.run(
            [sys.executable, "-B", str(self.program / "hello.py")],
            env={**kept, "ML_ROOT": str(self.ml_root), **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def break_program(self, statement):
        """Puts `statement` where the greeting is printed."""
        path = self.program / "hello.py"
        text = path.read_text(encoding="utf-8")
        self.assertIn('print("Hello World!")', text)
        path.write_text(text.replace('print("Hello World!")', statement), encoding="utf-8")

    def message(self):
        path = self.ml_root / "output" / "message"
        return path.read_text(encoding="utf-8") if path.exists() else None

    def test_prints_and_logs_the_greeting(self):
        done = self.run_program(PYTHON_ENV="test")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "Hello World!\n")
        self.assertRegex(done.stderr, r"^\S+Z INFO hello: Hello World! PYTHON_ENV is test\n$")
        self.assertIsNone(self.message(), "a program that succeeds leaves no message")

    def test_runs_without_any_environment(self):
        done = self.run_program()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("PYTHON_ENV is not set", done.stderr)

    def test_a_failure_leaves_its_text_behind(self):
        cases = {
            "plain": ('raise ValueError("no such column: `age`")', "ValueError: no such column: `age`"),
            "without text": ("raise RuntimeError", "RuntimeError"),
            "several lines": ('raise ValueError("one\\n  two")', "ValueError: one two"),
            "not English": ('raise ValueError("größer als 1 €")', "ValueError: größer als 1 €"),
            "chained": ("int('x')", "ValueError: invalid literal for int() with base 10: 'x'"),
        }
        for name, (statement, expected) in cases.items():
            with self.subTest(name):
                self.setUp()
                self.break_program(statement)
                done = self.run_program(PYTHONUTF8="1")
                self.assertEqual(done.returncode, 1)
                self.assertIn("Traceback", done.stderr)
                self.assertEqual(self.message(), expected)

    def test_a_failure_while_loading_counts_too(self):
        path = self.program / "hello.py"
        path.write_text(path.read_text(encoding="utf-8").replace("def main", "1 / 0\n\n\ndef main"), encoding="utf-8")
        self.assertEqual(self.run_program().returncode, 1)
        self.assertEqual(self.message(), "ZeroDivisionError: division by zero")

    def test_a_wrong_log_level_counts_too(self):
        self.assertEqual(self.run_program(LOG_LEVEL="loud").returncode, 1)
        self.assertEqual(self.message(), "ValueError: Unknown level: 'LOUD'")

    def test_a_long_message_is_cut_to_what_sagemaker_shows(self):
        self.break_program('raise ValueError("x" * 5000)')
        self.run_program()
        self.assertEqual(len(self.message()), 1024)

    def test_a_folder_that_cannot_be_written_hides_nothing(self):
        self.ml_root.write_text("a file where the folder should be", encoding="utf-8")
        self.break_program('raise ValueError("the reason")')
        done = self.run_program()
        self.assertEqual(done.returncode, 1)
        self.assertIn("ValueError: the reason", done.stderr)
        self.assertIn("the message could not be left behind", done.stderr)

    def test_an_exit_code_of_ones_own_is_kept(self):
        self.break_program("raise SystemExit(3)")
        self.assertEqual(self.run_program().returncode, 3)
        self.assertIsNone(self.message())


if __name__ == "__main__":
    unittest.main()
