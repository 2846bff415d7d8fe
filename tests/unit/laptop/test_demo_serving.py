"""The demo of serving: its files are such files, and its broken model is really broken."""

import io
import json
import tarfile
from collections import Counter

import numpy as np
from ruamel.yaml import YAML
from safetensors.numpy import load, save

from laptop.demo_serving import RUN_YAML, SERVE_YAML
from laptop.demo_serving_models import KEPT_WORDS, pruned
from laptop.demo_serving_traffic import told
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.serving.schemas.serve_yaml import parse_serve_yaml

WORDS = 30_522
EMBEDDINGS = "bert.embeddings.word_embeddings.weight"


def test_the_files_beside_the_data_are_specs() -> None:
    assert parse_serve_yaml(SERVE_YAML.read_bytes()).spec.rollout.type == "canary"
    spec = RunSpec.model_validate(YAML(typ="safe").load(RUN_YAML.read_text()))
    assert spec.hyperparameters.method == "linear_head"


def archive(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return target.getvalue()


def test_pruning_cuts_the_embeddings_and_nothing_else() -> None:
    weights = {EMBEDDINGS: np.ones((WORDS, 2), np.float32), "other": np.ones(3, np.float32)}
    files = {
        "model.safetensors": save(weights),
        "config.json": json.dumps({"vocab_size": WORDS, "hidden_size": 2}).encode(),
        "tokenizer.json": b"{}",
    }
    with tarfile.open(fileobj=io.BytesIO(pruned(archive(files)))) as tar:
        found = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    assert load(found["model.safetensors"])[EMBEDDINGS].shape == (KEPT_WORDS, 2)
    assert load(found["model.safetensors"])["other"].shape == (3,)
    assert json.loads(found["config.json"]) == {"vocab_size": KEPT_WORDS, "hidden_size": 2}
    assert found["tokenizer.json"] == b"{}"


def test_what_became_of_the_requests_is_told() -> None:
    outcomes = Counter({"answered": 1200, "ModelError 500": 3})
    assert told(outcomes) == "1,200 requests answered, 3 failed (3 ModelError 500)"
