"""Loads pretrained encoders and champions, with a clear sentence for what is wrong with them."""

import errno
import json
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from training_image.data import Tokenizer
from training_image.job import JobError
from training_image.mean_pooling import add_mean_pooling
from training_image.packing import Packing, pack

_SNAPSHOT = re.compile(r"/snapshots/([0-9a-f]{40})/")

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


@dataclass(frozen=True)
class Classifier:
    """A model with what it needs to read texts and name labels."""

    network: Any
    """A PreTrainedModel; transformers has no types."""
    hf_tokenizer: Any
    tokenizer: Tokenizer
    labels: tuple[str, ...]
    packing: Packing | None
    """How the network reads rows without padding; None where it cannot."""
    revision: str | None = None
    """The commit of the model hub that it was fetched at; None for files of one's own."""

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(each.numel() for each in self.network.parameters())

    @property
    def multi_label(self) -> bool:
        """Whether a text has any number of labels, not one."""
        return bool(self.network.config.problem_type == "multi_label_classification")

    @property
    def architecture(self) -> str:
        """Name of the model's class."""
        return type(self.network).__name__.removeprefix("FSDP")  # as sharding calls it

    def save(self, folder: Path, weights: Mapping[str, torch.Tensor]) -> None:
        """Writes a folder that transformers loads again: config with labels, weights, tokenizer."""
        folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer.backend.no_truncation()
        self.network.save_pretrained(folder, state_dict=dict(weights))
        self.hf_tokenizer.save_pretrained(folder)
        for file in folder.iterdir():
            # safetensors writes for its owner alone, but model.tar.gz is for whoever serves it.
            file.chmod(file.stat().st_mode | 0o444)


def find_revision(source: str | Path, revision: str | None) -> str | None:
    """Returns the commit of the model hub that the source is of now; None for a folder.

    All that is loaded of it is then loaded at this commit, also where a branch moves meanwhile.

    Raises:
        JobError: a commit is named for a folder, or the hub has no such model or commit.
    """
    if isinstance(source, Path):
        if revision:
            raise JobError(
                "base_model_revision names a commit of the model hub, but the base model comes "
                f"from {_name(source)}; leave it out."
            )
        return None
    with _explained(source, revision):
        file = transformers.utils.cached_file(source, "config.json", **_place(source, revision))
    # The cache of the hub has a folder for each commit.
    found = _SNAPSHOT.search(Path(file or "").as_posix())
    return found[1] if found else revision


def load_tokenizer(
    source: str | Path, max_length: int | None, revision: str | None = None
) -> tuple[Any, Tokenizer]:
    """Loads the tokenizer of a model, set to cut texts at max_length tokens; None: as saved.

    Raises:
        JobError: files are missing, it is not a fast one, or the model reads fewer tokens.
    """
    if isinstance(source, Path):
        _check_files(source)
    place = _place(source, revision)
    with _explained(source, revision):
        config = transformers.AutoConfig.from_pretrained(source, **place)
        loaded = transformers.AutoTokenizer.from_pretrained(source, use_fast=True, **place)
    if not loaded.is_fast or loaded.pad_token_id is None:
        raise JobError(f"The tokenizer of {_name(source)} is not a fast one with a padding token.")
    limit = _position_limit(config, loaded)
    max_length = max_length or limit
    if max_length > limit:
        raise JobError(
            f"max_length is {max_length}, but {_name(source)} reads at most {limit} tokens."
        )
    backend = loaded.backend_tokenizer
    backend.no_padding()
    backend.enable_truncation(max_length, direction=loaded.truncation_side)
    loaded.model_max_length = max_length  # so that whoever serves the model cuts texts alike
    tokenizer = Tokenizer(
        backend=backend,
        pad_id=loaded.pad_token_id,
        vocabulary=len(loaded),
        has_pair_types="token_type_ids" in loaded.model_input_names,
    )
    return loaded, tokenizer


def load_base(
    source: str | Path,
    labels: Sequence[str],
    tokenizers: tuple[Any, Tokenizer],
    multi_label: bool = False,
    mean_pooling: bool = False,
    revision: str | None = None,
) -> Classifier:
    """Loads a pretrained encoder with a new head for these labels.

    Args:
        source: hub id or folder.
        labels: in the order of the probabilities.
        tokenizers: the model's, as `load_tokenizer` returns it.
        multi_label: whether each label has a probability of its own.
        mean_pooling: whether the head reads the mean of the tokens' vectors, where that can be.
        revision: the commit of the model hub, as `find_revision` returns it.

    Raises:
        JobError: the architecture cannot classify texts, or weights are absent.
    """
    kind = "multi" if multi_label else "single"
    with _explained(source, revision):
        network, report = transformers.AutoModelForSequenceClassification.from_pretrained(
            source,
            **_place(source, revision),
            use_safetensors=True,
            dtype=torch.float32,
            id2label=dict(enumerate(labels)),
            label2id={label: number for number, label in enumerate(labels)},
            problem_type=f"{kind}_label_classification",
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    if network.config.is_encoder_decoder:
        raise JobError(f"An encoder is wanted, but {_name(source)} has a decoder too.")
    _check_encoder_weights(network, report["missing_keys"], source)
    if mean_pooling:
        add_mean_pooling(network)
    return replace(_classifier(network, tokenizers, tuple(labels)), revision=revision)


def check_champion(channel: Path, multi_label: bool) -> None:
    """Finds out before the training whether the model in use can be compared with its result.

    Raises:
        JobError: the archive is missing or damaged, or its model is of the other kind.
    """
    with _champion_files(channel) as files:
        member = next((each for each in files if Path(each.name).name == "config.json"), None)
        file = files.extractfile(member) if member else None
        content = file.read() if file else b"{}"
    try:
        problem_type = json.loads(content).get("problem_type")
    except (ValueError, AttributeError) as error:
        raise JobError(f"The champion's config.json cannot be read: {error}.") from error
    kinds = ("one label", "any number of labels")
    champion_is_multi = problem_type == "multi_label_classification"
    if champion_is_multi != multi_label:
        raise JobError(
            f"The champion gives a text {kinds[champion_is_multi]}, but this job is for "
            f"{kinds[multi_label]} (hyperparameter multi_label); they cannot be compared."
        )


@contextmanager
def _champion_files(channel: Path) -> Iterator[tarfile.TarFile]:
    archive = channel / "model.tar.gz"
    if not archive.is_file():
        raise JobError("The channel champion holds no model.tar.gz.")
    try:
        with tarfile.open(archive, "r:gz") as files:
            yield files
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if getattr(error, "errno", None) == errno.ENOSPC:
            raise
        raise JobError(f"The champion's model.tar.gz cannot be unpacked: {error}.") from error


def load_champion(channel: Path, scratch: Path) -> Classifier:
    """Loads the model in use from the `model.tar.gz` in its channel.

    Raises:
        JobError: the archive is missing, damaged, or holds no classifier.
    """
    folder = scratch / "champion"
    with _champion_files(channel) as files:
        files.extractall(folder, filter="data")
    return load_trained(folder)


def load_trained(folder: Path) -> Classifier:
    """Loads what a job of this image left in its model folder.

    Raises:
        JobError: files are missing, damaged, or hold no classifier.
    """
    tokenizers = load_tokenizer(folder, None)
    with _explained(folder):
        network = transformers.AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
    names = network.config.id2label
    return _classifier(network, tokenizers, tuple(names[i] for i in range(len(names))))


def _classifier(
    network: Any, tokenizers: tuple[Any, Tokenizer], labels: tuple[str, ...]
) -> Classifier:
    loaded, tokenizer = tokenizers
    packing = pack(network.eval(), tokenizer.pad_id, loaded.model_max_length)
    return Classifier(network, loaded, tokenizer, labels, packing)


def _check_files(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise JobError(f"There is no config.json in {_name(folder)}.")
    if not list(folder.glob("*.safetensors")):
        raise JobError(f"There are no weights (model.safetensors) in {_name(folder)}.")


def _check_encoder_weights(network: Any, missing: Sequence[str], source: str | Path) -> None:
    """A head is new, and some encoders come without a pooler; anything else must be there."""
    body = network.base_model_prefix + "."
    absent = sorted(key for key in missing if key.startswith(body) and "pooler" not in key)
    if absent:
        raise JobError(
            f"The weights of {_name(source)} lack {len(absent)} tensors of the encoder, "
            f"among them {absent[0]}."
        )


def _position_limit(config: Any, tokenizer: Any) -> int:
    limit = int(min(tokenizer.model_max_length, 10**9))
    positions = getattr(config, "max_position_embeddings", None)
    if not isinstance(positions, int) or positions <= 0:
        return limit
    if config.model_type in {"roberta", "xlm-roberta", "camembert", "mpnet"}:
        positions -= config.pad_token_id + 1  # they count positions from behind the padding's id
    return min(limit, positions)


@contextmanager
def _explained(source: str | Path, revision: str | None = None) -> Iterator[None]:
    """Turns what transformers raises for unusable files into one sentence."""
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError, SafetensorError) as error:
        reason = str(error).strip().splitlines()
        raise JobError(
            f"Cannot load {_name(source)}{_at(revision)} as a text classifier: "
            f"{reason[0] if reason else type(error).__name__}"
        ) from error


def _place(source: str | Path, revision: str | None) -> dict[str, Any]:
    """Says where transformers finds the files: in a folder, or in the hub at a commit."""
    if isinstance(source, Path):
        return {"local_files_only": True}
    return {"revision": revision} if revision else {}


def _at(revision: str | None) -> str:
    return f" at the commit {revision}" if revision else ""


def _name(source: str | Path) -> str:
    return f"the {source.name} channel" if isinstance(source, Path) else f"the base model {source}"
