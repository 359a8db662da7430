"""What all tests of the container share: its programs, run as SageMaker runs them."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from programs import Programs

CONTAINER = Path(__file__).resolve().parents[1]
SOURCE = CONTAINER / "app" / "src"
RAW = CONTAINER.parent / "seed" / "DataBucket" / "raw" / "customers.csv"
sys.path.insert(0, str(SOURCE))
# Models and data are so small that threads would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")


class Container:
    """A copy of the programs, so that they can be broken, and folders of their own for `/opt/ml`."""

    def __init__(self, folder: Path, programs: Programs | None = None, of: "Container | None" = None):
        self.folder = folder
        self.programs = programs
        self.program = folder / "src"
        if of is None:
            shutil.copytree(SOURCE, self.program, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copytree(of.folder, folder, dirs_exist_ok=True)

    def run(self, *arguments: str, ml: str = "ml", **environment: str) -> subprocess.CompletedProcess:
        """Runs a program to its end."""
        given = self.environment(ml, environment)
        if self.programs is None:
            return subprocess.run(self.command(*arguments), env=given, capture_output=True, text=True, timeout=120,
                                  check=False)  # fmt: skip
        output, errors = self.folder / "stdout", self.folder / "stderr"
        program = str(self.program / "run.py")
        code = self.programs.run(program, list(arguments), given, str(output), str(errors))
        texts = [path.read_text(encoding="utf-8") for path in (output, errors)]
        return subprocess.CompletedProcess([program, *arguments], code, *texts)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-B", str(self.program / "run.py"), *arguments]

    def environment(self, ml: str, more: dict[str, str]) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("OMP_NUM_THREADS", "PATH", "SYSTEMROOT") if name in os.environ}
        return {**kept, "ML_ROOT": str(self.folder / ml), **more}

    def path(self, *parts: str, ml: str = "ml") -> Path:
        return self.folder.joinpath(ml, *parts)

    def put(self, text: str, *parts: str, ml: str = "ml") -> None:
        path = self.path(*parts, ml=ml)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def reason(self, ml: str = "ml") -> str | None:
        """What SageMaker would show of a failure: the same for both kinds of jobs."""
        found = [self.path("output", name, ml=ml) for name in ("message", "failure")]
        texts = {path.read_text(encoding="utf-8") if path.exists() else None for path in found}
        assert len(texts) == 1
        return texts.pop()

    def change(self, program: str, old: str, new: str) -> None:
        """Changes a program's text."""
        path = self.program / program
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def prepare(self, raw: str | None = None) -> subprocess.CompletedProcess:
        self.put(RAW.read_text(encoding="utf-8") if raw is None else raw, "processing/input/raw/customers.csv")
        return self.run("prepare")

    def train(self, ml: str = "training", **hyperparameters: str) -> subprocess.CompletedProcess:
        """Trains on what `prepare` has left."""
        named = {name.replace("_", "-"): text for name, text in hyperparameters.items()}
        self.put(json.dumps(named), "input/config/hyperparameters.json", ml=ml)
        for part in ("train", "validation"):
            text = self.path("processing/output", part, "customers.csv").read_text(encoding="utf-8")
            self.put(text, "input/data", part, "customers.csv", ml=ml)
        return self.run("train", ml=ml)

    def evaluate(self, **models: str) -> subprocess.CompletedProcess:
        """Evaluates models by the folders that they were trained in: model="training", current="before"."""
        folder = self.path("processing/input")
        shutil.rmtree(folder / "test", ignore_errors=True)
        shutil.copytree(self.path("processing/output/test"), folder / "test")
        for name, ml in models.items():
            shutil.rmtree(folder / name, ignore_errors=True)
            (folder / name).mkdir(parents=True)
            with tarfile.open(folder / name / "model.tar.gz", "w:gz") as archive:
                for file in self.path("model", ml=ml).iterdir():
                    archive.add(file, file.name)
        return self.run("evaluate")

    def written(self, *parts: str) -> dict:
        return json.loads(self.path("processing/output", *parts).read_text(encoding="utf-8"))


# Where processes can be forked safely; elsewhere each program is started as it is. It begins now, beside all that comes
# before the first test.
PROGRAMS = Programs() if sys.platform == "linux" else None


def pytest_unconfigure():
    if PROGRAMS:
        PROGRAMS.end()


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path, PROGRAMS)


@pytest.fixture(scope="session")
def _trained_once(tmp_path_factory) -> Container:
    container = Container(tmp_path_factory.mktemp("trained"), PROGRAMS)
    for done in (container.prepare(), container.train()):
        assert done.returncode == 0, done.stderr
    return container


@pytest.fixture
def trained(tmp_path: Path, _trained_once: Container) -> Container:
    """A container whose data is prepared and whose model is trained."""
    return Container(tmp_path, PROGRAMS, _trained_once)
