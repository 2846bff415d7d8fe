"""A base model of the hub is loaded at one commit, which the job records."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from tests.training.tiny import DEFAULTS, Result, TinyJob, make_base_model
from training_image.config import read_config
from training_image.job import JobError
from training_image.parallel import ALONE, Ranks
from training_image.train import same_revision

NAME = "someone/tiny-bert"
FIRST, SECOND = "1" * 40, "2" * 40


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, base_model: Path) -> Iterator[Path]:
    """The cache of the hub as it lays it out, with two commits; ``main`` is the second.

    They differ in their activation, which the trained model keeps.
    """
    cache = tmp_path_factory.mktemp("hub")
    repository = cache / "models--someone--tiny-bert"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(SECOND)
    shutil.copytree(base_model, repository / "snapshots" / FIRST)
    other = make_base_model(repository / "snapshots" / SECOND)
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "hidden_act": "relu"}))
    with pytest.MonkeyPatch.context() as patch:
        # What HF_HUB_CACHE and HF_HUB_OFFLINE are read to when the library is imported.
        patch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
        patch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        yield cache


def run(folder: Path, **hyperparameters: str) -> Result:
    job = TinyJob.make(folder, None)
    job.set(**{**DEFAULTS, "base_model": NAME, "epochs": "1", **hyperparameters})
    return job.run_here()


@pytest.mark.usefixtures("hub")
def test_a_commit_is_what_is_loaded_and_recorded(tmp_path: Path) -> None:
    named = run(tmp_path / "named", base_model_revision=FIRST)
    default = run(tmp_path / "default")

    assert named.code == 0, named.stderr
    assert named.metrics["model"]["base_model_revision"] == FIRST
    assert json.loads((named.base / "model" / "config.json").read_text())["hidden_act"] == "gelu"
    # Without a commit, what main was when the job started is resolved and recorded.
    assert default.metrics["model"]["base_model_revision"] == SECOND
    assert json.loads((default.base / "model" / "config.json").read_text())["hidden_act"] == "relu"


@pytest.mark.usefixtures("hub")
def test_a_commit_that_the_hub_has_not_fails_with_its_name(tmp_path: Path) -> None:
    result = run(tmp_path / "job", base_model_revision="3" * 40)

    assert result.code == 1
    assert f"Cannot load the base model {NAME} at the commit {'3' * 40}" in result.failure


def test_a_commit_with_files_of_ones_own_is_refused(tmp_path: Path, base_model: Path) -> None:
    result = TinyJob.make(tmp_path, base_model, base_model_revision=FIRST).run_here()

    assert result.code == 1
    assert "but the base model comes from the model channel; leave it out" in result.failure


def test_files_of_ones_own_have_no_commit(clean: Result) -> None:
    assert clean.metrics["model"]["base_model_revision"] is None


class TwoMachines(Ranks):
    """Another machine that has found another commit."""

    def gather(self, value: Any) -> list[Any]:
        return [value, SECOND]


@pytest.mark.usefixtures("hub")
def test_machines_that_find_two_commits_do_not_start() -> None:
    two = TwoMachines(**vars(ALONE))

    assert same_revision(NAME, SECOND, two) == SECOND
    with pytest.raises(JobError, match="was changed in the hub while the job started"):
        same_revision(NAME, FIRST, two)


@pytest.mark.parametrize("given", ["main", "v1.0", "12040ac", "1" * 39, "A" * 40, ""])
def test_a_branch_a_tag_or_a_part_of_a_hash_is_refused(given: str) -> None:
    with pytest.raises(JobError, match="none or a commit's hash of 40 hexadecimal digits"):
        read_config({"base_model": NAME, "base_model_revision": given})
