"""What a release is made of: its version, its archives, and that they are looked at before they are signed.

Run with `python3 -m unittest discover --start-directory .ci`; needs bash, tar, and `zip` for the functions.
"""

import hashlib
import io
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

from deployables import ROOT, text

FUNCTIONS = ["ask-service", "image-push", "pipeline-action", "resolve-parameters"]
TARGETS = ["aarch64-apple-darwin", "aarch64-unknown-linux-gnu", "x86_64-apple-darwin", "x86_64-unknown-linux-gnu"]
PLATFORMS = ["macosx_11_0_arm64", "macosx_11_0_x86_64", "manylinux_2_28_aarch64", "manylinux_2_28_x86_64"]
VERSION = re.search(r'^\[workspace\.package\]\nversion = "(.+)"$', text("Cargo.toml"), re.MULTILINE)[1]

# What is asked of the command while it is packed.
COMMAND = """#!/bin/sh
echo "for $*"
"""


class Scripts(unittest.TestCase):
    """A folder to release from, in which the programs are texts."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        shutil.copytree(ROOT / ".ci/release", self.folder / ".ci/release")
        for name in ("Cargo.toml", "LICENSE", "CHANGELOG.md", "local/stepline/README.md"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.folder / name)
        (self.folder / "release").mkdir()

    def run_script(self, name, *arguments):
        """Runs a script of .ci/release from somewhere else."""
        return subprocess.run(
            [self.folder / ".ci/release" / name, *arguments],
            cwd=self.folder, capture_output=True, text=True, timeout=60, check=False,
        )

    def contents(self, name):
        """The files of an archive, each with its mode and content."""
        with tarfile.open(self.folder / "release" / name) as archive:
            files = [each for each in archive.getmembers() if each.isfile()]
            return {each.name: (each.mode & 0o777, archive.extractfile(each).read()) for each in files}


class Version(Scripts):
    """The tag, the packages and the changelog tell the same version."""

    def test_it_is_that_of_the_packages(self):
        self.assertEqual(self.run_script("version").stdout, f"{VERSION}\n")

    def test_a_tag_of_another_version_is_refused_and_so_is_one_without_a_word_of_what_is_new(self):
        for tag, changes, said in (
            ("v99.0.0", "", f"the tag is v99.0.0, and Cargo.toml has the version {VERSION}"),
            (VERSION, "", f"the tag is {VERSION}, and"),
            (f"v{VERSION}", "## [Unreleased]\n", f"CHANGELOG.md has no section `## [{VERSION}]`"),
            (f"v{VERSION}", f"## [{VERSION}] - 2027-01-01\n", None),
        ):
            with self.subTest(tag=tag, changes=changes):
                (self.folder / "CHANGELOG.md").write_text(changes, encoding="utf-8")
                done = self.run_script("version", tag)
                self.assertEqual(done.returncode, 1 if said else 0, done.stderr)
                self.assertIn(said or "", done.stderr)


class Archive(Scripts):
    """The command for one kind of machine."""

    def test_it_has_the_command_with_its_functions_and_what_it_says_of_itself(self):
        built = self.folder / "built"
        built.mkdir()
        for name in ["stepline", *FUNCTIONS, "simulate"]:
            (built / name).write_text(COMMAND, encoding="utf-8")
            (built / name).chmod(0o755)
        done = self.run_script("archive", "aarch64-apple-darwin", "built", "release")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        root = f"stepline-{VERSION}-aarch64-apple-darwin"
        self.assertEqual(done.stdout, f"{root}.tar.gz\n")
        program = (0o755, COMMAND.encode())
        contents = self.contents(f"{root}.tar.gz")
        self.assertEqual({name: found for name, found in contents.items() if found == program}, {
            f"{root}/stepline": program, **{f"{root}/functions/{name}": program for name in FUNCTIONS},
        })
        told = {name.removeprefix(f"{root}/"): content.decode() for name, (_, content) in contents.items()}
        for name, asked in (
            ("completions/stepline", "completions bash"),
            ("completions/stepline.fish", "completions fish"),
            ("completions/_stepline", "completions zsh"),
            ("man/stepline.1", "man"),
        ):
            self.assertEqual(told[name], f"for {asked}\n")
        self.assertEqual(told["LICENSE"], text("LICENSE"))
        self.assertEqual(len(contents), 5 + 4 + 3, sorted(contents))

    def test_a_program_that_was_not_built_is_missed(self):
        (self.folder / "built").mkdir()
        done = self.run_script("archive", "x86_64-apple-darwin", "built", "release")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(list((self.folder / "release").iterdir()), [])


@unittest.skipUnless(shutil.which("zip"), "there is no `zip`")
class Functions(Scripts):
    """The functions for Lambda, as `stepline functions --from` takes them."""

    def packed(self):
        """The archive's files: made anew of programs that are the same."""
        for name in FUNCTIONS:
            folder = self.folder / "lambda" / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "bootstrap").write_bytes(b"\x7fELF " + name.encode())
        done = self.run_script("functions", "arm64", "lambda", "release")
        root = f"stepline-functions-{VERSION}-arm64"
        self.assertEqual((done.returncode, done.stdout), (0, f"{root}.tar.gz\n"), done.stderr)
        return {name.removeprefix(f"{root}/"): content for name, (_, content) in self.contents(f"{root}.tar.gz").items()}

    def test_each_zip_has_the_one_program_and_its_sum(self):
        files = self.packed()
        self.assertEqual(sorted(files), sorted(["LICENSE", "SHA256SUMS", *(f"{name}.zip" for name in FUNCTIONS)]))
        sums = "".join(f"{hashlib.sha256(files[f'{name}.zip']).hexdigest()}  {name}.zip\n" for name in FUNCTIONS)
        self.assertEqual(files["SHA256SUMS"].decode(), sums)
        for name in FUNCTIONS:
            with zipfile.ZipFile(io.BytesIO(files[f"{name}.zip"])) as archive:
                [entry] = archive.infolist()
                self.assertEqual((entry.filename, entry.external_attr >> 16 & 0o777), ("bootstrap", 0o755))
                self.assertEqual(archive.read(entry), b"\x7fELF " + name.encode())

    def test_they_are_the_same_wherever_and_whenever_they_are_made(self):
        first = self.packed()
        shutil.rmtree(self.folder / "lambda")
        self.assertEqual(self.packed(), first)

    def test_anything_else_is_wrong_usage(self):
        for arguments in ([], ["arm64"], ["x86-64", "lambda", "release"]):
            self.assertEqual(self.run_script("functions", *arguments).returncode, 2, arguments)


class Check(Scripts):
    """What is signed."""

    def setUp(self):
        super().setUp()
        self.names = sorted(
            [f"stepline-{VERSION}-{target}.tar.gz" for target in TARGETS]
            + [f"stepline-functions-{VERSION}-{architecture}.tar.gz" for architecture in ("arm64", "x86_64")]
            + [f"states_language-{VERSION}-cp310-abi3-{platform}.whl" for platform in PLATFORMS]
        )
        for name in self.names:
            (self.folder / "release" / name).write_text(name, encoding="utf-8")

    def test_all_archives_get_their_sums(self):
        done = self.run_script("check", "release")
        self.assertEqual(done.returncode, 0, done.stderr)
        sums = (self.folder / "release/SHA256SUMS").read_text(encoding="utf-8")
        self.assertEqual(sorted(sums.splitlines()), sorted(
            f"{hashlib.sha256(name.encode()).hexdigest()}  {name}" for name in self.names
        ))

    def test_anything_else_is_not_signed(self):
        release = self.folder / "release"
        for what, change in (
            ("one less", lambda: (release / self.names[0]).unlink()),
            ("one more", lambda: (release / "stepline.exe").touch()),
            ("a folder", lambda: (release / "functions").mkdir()),
            ("a link", lambda: ((release / self.names[0]).unlink(), (release / self.names[0]).symlink_to(self.names[1]))),
            ("another version", lambda: (release / self.names[0]).rename(release / self.names[0].replace(VERSION, "9"))),
        ):
            with self.subTest(what):
                self.setUp()
                release = self.folder / "release"
                change()
                done = self.run_script("check", "release")
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn("a release has the plain files ", done.stderr)
                self.assertFalse((release / "SHA256SUMS").exists())


if __name__ == "__main__":
    unittest.main()
