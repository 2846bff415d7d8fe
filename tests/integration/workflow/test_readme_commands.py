"""README's commands, word for word, against the embedded AWS that README says they are for."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local_aws.clients import ACCESS_KEY, SECRET_KEY
from tests.integration.workflow.world import World, csv_of

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
AWS = Path(__file__).with_name("aws_command.py")
# As docker names the base that it has pulled.
BASE = "registry/pytorch-training@sha256:" + "a" * 64


def block_with(words: str) -> str:
    """Return the commands of README among which these words are."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
    found = [block for language, block in blocks if not language and words in block]
    assert len(found) == 1, words
    return str(found[0])


class Shell:
    """A terminal in a folder, whose `aws` is the CLI's part that README needs."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder = folder
        tools = folder / "bin"
        tools.mkdir()
        self.docker = folder / "docker.txt"
        _program(tools / "aws", f'exec "{sys.executable}" "{AWS}" "$@"')
        _program(
            tools / "docker",
            f'[[ $1 != login ]] || cat; echo "docker $*" >> "{self.docker}"; '
            f'[[ $1 != inspect ]] || echo "{BASE}"',
        )
        _program(
            tools / "thriftline",
            f'PYTHONPATH="{ROOT}/cli" exec "{sys.executable}" -m thriftline_cli "$@"',
        )
        self._environment = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "AWS_ENDPOINT_URL": world.aws.endpoint,
            "AWS_DEFAULT_REGION": world.aws.region,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }

    def run(self, commands: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def _program(file: Path, line: str) -> None:
    file.write_text(f"#!/bin/bash\n{line}\n")
    file.chmod(0o755)


@pytest.fixture
def shell(tmp_path: Path, world: World) -> Shell:
    return Shell(tmp_path, world)


def test_an_own_file_becomes_a_model_in_a_folder(shell: Shell, world: World) -> None:
    exports, submit, runs, get, _approve, budget, page = _commands(
        block_with("thriftline runs submit")
    )
    assert page.startswith("thriftline ui ")
    port = world.aws.endpoint.rpartition(":")[2]
    shell.run(exports.replace("4566", port))  # sets the variables that this shell has
    (shell.folder / "my.csv").write_text(csv_of(600))

    assert "succeeded" in shell.run(submit)
    run_id = shell.run(f"{runs.strip()} --project mine --query '[0].run_id'").strip()
    assert run_id.startswith("mine-")
    shell.run(get.replace("RUN", run_id))
    assert "left" in shell.run(budget)

    result = json.loads((shell.folder / "out/result.json").read_text())
    assert result["status"] == "succeeded", result["reason"]
    assert list((shell.folder / "ml/model").iterdir())
    assert block_with("thriftline runs get RUN --model").strip() in get.replace(" --save out", "")


def test_files_that_are_held_out_start_one_run_with_the_others(shell: Shell, world: World) -> None:
    exports = _commands(block_with("thriftline runs submit"))[0]
    shell.run(exports.replace("4566", world.aws.endpoint.rpartition(":")[2]))
    header, *rows = csv_of(600).splitlines(keepends=True)
    (shell.folder / "rows.csv").write_text("".join([header, *rows[:500]]))
    (shell.folder / "held.csv").write_text("".join([header, *rows[500:]]))

    line = "thriftline runs submit rows.csv --validation held.csv --project held --wait"
    ended = json.loads(shell.run(f"{line} --output json"))

    assert ended["status"] == "succeeded", ended
    assert ended["result"]["dataset"]["splits"]["validation"] == 100
    listed = json.loads(shell.run("thriftline runs list --project held --output json"))
    assert [one["run_id"] for one in listed] == [ended["run_id"]]


def test_the_image_goes_to_the_repository_that_the_stack_has_made_on_a_base_by_its_digest(
    shell: Shell, world: World
) -> None:
    (shell.folder / "training_image").symlink_to(ROOT / "training_image")
    assert f"the base: {BASE}\n" in shell.run(block_with("TrainingRepositoryUri"))

    repository = world.aws.outputs["TrainingRepositoryUri"]
    base_login, pull, inspect, login, build, push = shell.docker.read_text().splitlines()
    assert re.search(
        r"--password-stdin \d{12}\.dkr\.ecr\.us-east-1\.amazonaws\.com$", base_login.strip()
    )
    assert pull.startswith("docker pull ")
    assert inspect == f"docker inspect --format {{{{index .RepoDigests 0}}}} {pull[12:]}"
    assert login == f"docker login --username AWS --password-stdin {repository.split('/')[0]}"
    assert (
        build == f"docker build -t {repository}:0.1.0 --build-arg BASE_IMAGE={BASE} training_image"
    )
    assert push == f"docker push {repository}:0.1.0"


def _commands(block: str) -> list[str]:
    """Return a block's commands, each with its continued lines."""
    return [one for one in block.replace("\\\n", " ").splitlines() if one.strip()]
