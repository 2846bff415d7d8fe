"""`thriftline prepare` with a stand-in for the Python that has Spark."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.fake_api import FakeApi
from thriftline_cli.exits import Exit
from thriftline_cli.options import parsed
from thriftline_cli.runs.data_set import data_set

# Is asked for packages, bundles, and then is the program: it does what `does` says.
STAND_IN = """#!{python}
import json, os, sys
from pathlib import Path
words = sys.argv[1:]
if words[0] == "-c":
    print({missing!r})
elif words[0].endswith("bundle.py"):
    Path(words[1]).write_text("")
else:
    config = json.loads(Path(words[2]).read_text())
    folder = Path(config["output"])
    Path({seen!r}).write_text(json.dumps({{
        "config": config,
        "environment": {{n: os.environ.get(n) for n in ("SPARK_DRIVER_MEMORY", "MASTER")}},
    }}))
{does}
"""
SUCCEEDS = """
    for split in ("train", "validation", "test"):
        (folder / split).mkdir(parents=True)
        (folder / split / "part-0.parquet").write_bytes(b"PAR1")
    (folder / "preparation.json").write_text(json.dumps({
        "rows_read": 1200, "rows_written": 1000, "notes": ["There is a note."],
        "stages": [{"name": "exact_duplicates", "removed": [
            {"reason": "exact_duplicate", "rows": 200, "why": "The same text is kept once."}]}],
    }))
    (folder / "manifest.json").write_text(json.dumps({"files": [
        {"split": s, "path": f"{s}/part-0.parquet"} for s in ("train", "validation", "test")]}))
"""
REFUSES = """
    folder.mkdir(parents=True)
    (folder / "error.json").write_text("{}")
    sys.stderr.write("WARN Spark says much\\n")
    sys.stderr.write('PREPARATION_ERROR {"code": "empty", "message": "No row is left."}\\n')
    sys.exit(2)
"""
HANGS = """
    import time
    folder.mkdir(parents=True)
    (folder / "pid").write_text(str(os.getpid()))
    time.sleep(300)
"""
BREAKS = """
    sys.stderr.write("Traceback (most recent call last):\\nValueError: of the program\\n")
    sys.exit(1)
"""
RUN_YAML = """\
# Our reviews.
seed: 7
prepare:
  columns: {text: review, label: stars}
  redact: [email]
gate:
  metric: accuracy  # as before
"""


class World:
    """A folder with raw data, a run.yaml and a stand-in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.into = folder / "prepared"
        self.api = FakeApi()
        self.seen = folder / "seen.json"
        (folder / "raw").mkdir()
        (folder / "raw/reviews.csv").write_text("review,stars\ngood,5\n")
        (folder / "run.yaml").write_text(RUN_YAML)
        self.java = folder / "java-home"
        (self.java / "bin").mkdir(parents=True)
        _program(self.java / "bin/java", "#!/bin/sh\n")
        self.api.environ = {"JAVA_HOME": str(self.java), "PATH": os.environ["PATH"]}

    def stand_in(self, does: str, missing: str = "") -> Path:
        text = STAND_IN.format(
            python=sys.executable, missing=missing, seen=str(self.seen), does=does
        )
        return _program(self.folder / "python", text)

    def command(self, spec: str = "run.yaml", *more: str) -> int:
        words = ["prepare", str(self.folder / spec), "--into", str(self.into)]
        words += ["--data", str(self.folder / "raw"), "--python", str(self.folder / "python")]
        return self.api.command([*words, *more])

    @property
    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.seen.read_text())
        return found

    @property
    def said(self) -> str:
        return "\n".join(self.api.said)


def _program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_it_shows_what_was_removed_and_how_to_submit_what_is_left(world: World) -> None:
    world.stand_in(SUCCEEDS)
    assert world.command() == Exit.DONE

    assert "rows read         1,200" in world.api.out
    assert "exact duplicates  200   The same text is kept once." in world.api.out
    assert "There is a note." in world.api.out
    _, _, line = world.said.partition("to train on it: thriftline ")
    asked = parsed(shlex.split(line))
    files = data_set(asked.files, asked.spec, asked.validation, asked.test)
    assert [part.name for part in files.parts] == [
        "validation.parquet",
        "test.parquet",
        "train.parquet",
        "run.yaml",
    ]


def test_its_answer_is_the_programs_report(world: World) -> None:
    world.stand_in(SUCCEEDS)
    world.command("run.yaml", "--query", "rows_written")
    assert world.api.answer == 1000


def test_what_is_left_to_do_is_the_run_yaml_without_the_preparation(world: World) -> None:
    world.stand_in(SUCCEEDS)
    world.command()
    left = (world.into / "run.yaml").read_text()
    assert "prepare" not in left
    assert "# Our reviews." in left
    assert "metric: accuracy  # as before" in left


def test_the_program_gets_what_run_yaml_says_and_the_files_of_this_machine(world: World) -> None:
    world.stand_in(SUCCEEDS)
    world.command("run.yaml", "--memory", "3g", "--cores", "2")

    config = world.told["config"]
    assert config["columns"] == {"text": "review", "text_pair": None, "label": "stars"}
    assert config["seed"] == 7
    assert config["sources"] == [str(world.folder / "raw")]
    assert config["output"] == str(world.into)
    assert config["redact"] == ["email"]
    assert world.told["environment"] == {"SPARK_DRIVER_MEMORY": "3g", "MASTER": "local[2]"}


def test_a_configuration_is_taken_as_it_is_but_for_its_places(world: World) -> None:
    document = {"seed": 9, "sources": ["s3://raw/"], "output": "s3://out/"}
    (world.folder / "config.json").write_text(json.dumps(document))
    world.stand_in(SUCCEEDS)
    assert world.command("config.json") == Exit.DONE

    assert world.told["config"] == {
        "seed": 9,
        "sources": [str(world.folder / "raw")],
        "output": str(world.into),
    }
    assert not (world.into / "run.yaml").exists()


def test_what_the_program_refuses_is_its_own_sentence_and_leaves_nothing(world: World) -> None:
    world.stand_in(REFUSES)
    assert world.command() == Exit.USAGE
    assert world.api.said[-1] == "thriftline: No row is left."
    assert not world.into.exists()


def test_a_program_that_breaks_leaves_what_it_said_beside_the_folder(world: World) -> None:
    world.stand_in(BREAKS)
    assert world.command() == Exit.FAILED
    assert "the program ended with code 1" in world.said
    assert "ValueError: of the program" in world.said
    assert "ValueError" in (world.folder / "prepared-spark.log").read_text()
    assert not world.into.exists()


def test_sigterm_ends_the_program_as_well_and_leaves_nothing(world: World) -> None:
    world.stand_in(HANGS)
    words = ["prepare", str(world.folder / "run.yaml"), "--into", str(world.into)]
    words += ["--data", str(world.folder / "raw"), "--python", str(world.folder / "python")]
    command = subprocess.Popen(
        [sys.executable, "-m", "thriftline_cli", *words],
        env={**world.api.environ, "PYTHONPATH": "cli"},
        stderr=subprocess.DEVNULL,
    )
    _until(lambda: (world.into / "pid").exists() and (world.into / "pid").read_text() != "")
    program = int((world.into / "pid").read_text())
    command.terminate()

    assert command.wait(60) == 143
    _until(lambda: not Path(f"/proc/{program}").exists())
    assert not world.into.exists()


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_program_that_leaves_no_manifest_has_failed(world: World) -> None:
    world.stand_in("    folder.mkdir(parents=True)")
    assert world.command() == Exit.FAILED
    assert "manifest.json is not there" in world.said


def _a_spec(text: str) -> Callable[[World], object]:
    return lambda world: (world.folder / "run.yaml").write_text(text)


def _without_java(world: World) -> None:
    world.api.environ = {"PATH": str(world.folder)}


def _in_use(world: World) -> None:
    world.into.mkdir()
    (world.into / "file").write_text("")


@pytest.mark.parametrize(
    ("change", "sentence", "code"),
    [
        (
            lambda world: (world.folder / "python").unlink(),
            r"--python: there is no program .*make setup-preparation",
            Exit.NOT_FOUND,
        ),
        (
            lambda world: world.stand_in("", missing="pyspark,pyarrow"),
            r"has no pyspark, pyarrow; `make setup-preparation`",
            Exit.NOT_FOUND,
        ),
        (_without_java, r"Spark needs Java 17.*apt-get install", Exit.NOT_FOUND),
        (_in_use, r"--into: .* is no empty folder", Exit.USAGE),
        (
            lambda world: (world.folder / "run.yaml").unlink(),
            r"there is no file .*run\.yaml",
            Exit.USAGE,
        ),
        (
            lambda world: (world.folder / "raw").rename(world.folder / "elsewhere"),
            r"--data: there is no file or folder",
            Exit.USAGE,
        ),
        (_a_spec("seed: 1\n"), r"run\.yaml: it has no key prepare", Exit.USAGE),
        (_a_spec("prepare: {redact: [name]}\n"), r"run\.yaml.*line 1.*redact", Exit.USAGE),
        (_a_spec("prepare: {\n"), r"run\.yaml", Exit.USAGE),
    ],
)
def test_what_is_missing_or_wrong_is_one_sentence_and_nothing_runs(
    world: World, change: Callable[[World], object], sentence: str, code: Exit
) -> None:
    world.stand_in(SUCCEEDS)
    change(world)
    assert world.command() == code
    assert re.search(sentence, world.said), world.said
    assert not world.seen.exists()


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_configuration_that_is_none_is_refused(world: World, text: str) -> None:
    (world.folder / "config.json").write_text(text)
    world.stand_in(SUCCEEDS)
    assert world.command("config.json") == Exit.USAGE
    assert "is no JSON" in world.said
