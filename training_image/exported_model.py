"""An exported model as the server runs it: ONNX Runtime on a CPU, without torch.

A job whose hyperparameter `export` is `int8` leaves it below `exported/` in the model's folder
(`exporting.py`). Its matrices are of 8-bit integers, its answers those of the plain model within
what was measured then. Passes are rectangles of rows of like length, padded to the longest.
"""

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from tokenizers import Tokenizer as Backend

from training_image.data import IntArray
from training_image.job import JobError
from training_image.passes import rectangles
from training_image.serving_port import (
    BATCH_TOKENS,
    EXPORTED,
    EXPORTED_FACTS,
    EXPORTED_GRAPH,
    WAITING_TOKENS,
    FloatArray,
    ModelLostError,
    Row,
    encoded,
)
from training_image.serving_requests import Text

PASS_TOKENS = 512
"""Passes of a batch run side by side: one alone leaves cores idle between its operators."""
PASS_OVERHEAD_TOKENS = 16
"""What one more pass costs: little, so that padding is avoided rather than passes."""


NEED_VNNI = frozenset({"int8_rows"})
"""Forms whose sums of eight-bit products overflow in the older instructions."""
CPU_FACTS = Path("/proc/cpuinfo")


def has_vnni(facts: Path = CPU_FACTS) -> bool:
    """Whether this processor adds products of eight bits without overflow; ARM's does."""
    text = facts.read_text() if facts.is_file() else ""
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return not flags or "vnni" in flags


@dataclass(frozen=True)
class ExportedFacts:
    """What the graph does not say of itself."""

    labels: tuple[str, ...]
    multi_label: bool
    text_pair: bool | None
    max_length: int
    truncation_side: str
    pad_id: int
    has_pair_types: bool
    precision: str

    @classmethod
    def read(cls, folder: Path) -> "ExportedFacts":
        """Reads what `write` wrote.

        Raises:
            JobError: it is damaged.
        """
        try:
            values = json.loads((folder / EXPORTED_FACTS).read_text())
            return cls(**{**values, "labels": tuple(values["labels"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise JobError(f"{folder / EXPORTED_FACTS} cannot be read: {error}.") from error


@dataclass(frozen=True, eq=False)
class ExportedModel:
    """A classifier in ONNX Runtime."""

    session: Any
    """An onnxruntime.InferenceSession."""
    backend: Any
    """A tokenizers.Tokenizer that truncates and does not pad."""
    known: ExportedFacts
    passes: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(cores(), "pass"))

    @classmethod
    def load(cls, folder: Path, environment: Mapping[str, str]) -> "ExportedModel":
        """Loads the exported form in a model's folder, and runs it once.

        Raises:
            JobError: files are missing or damaged.
        """
        known = ExportedFacts.read(folder / EXPORTED)
        if known.precision in NEED_VNNI and not has_vnni():
            raise JobError(f"The form {known.precision} needs a processor with VNNI.")
        try:
            backend = Backend.from_file(str(folder / "tokenizer.json"))
            session = onnxruntime.InferenceSession(
                str(folder / EXPORTED / EXPORTED_GRAPH),
                _options(environment),
                providers=["CPUExecutionProvider"],
            )
        except Exception as error:  # each library has a tree of its own, without a common root
            raise JobError(f"Cannot load the exported model in {folder}: {error}") from error
        backend.no_padding()
        backend.enable_truncation(known.max_length, direction=known.truncation_side)
        model = cls(session, backend, known)
        model.probabilities(model.encode([Text("warm up")]))
        return model

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the probabilities."""
        return self.known.labels

    @property
    def multi_label(self) -> bool:
        """Whether a text has any number of labels."""
        return self.known.multi_label

    @property
    def text_pair(self) -> bool | None:
        """Whether it was trained on pairs of texts."""
        return self.known.text_pair

    @property
    def batch_tokens(self) -> int:
        """Tokens that are worth running together."""
        return BATCH_TOKENS["cpu"] * cores()

    @property
    def waiting_tokens(self) -> int:
        """Tokens that may wait."""
        return WAITING_TOKENS["cpu"]

    @property
    def facts(self) -> dict[str, str]:
        """What the log says of it."""
        return {"device": "cpu", "precision": self.known.precision, "engine": "onnxruntime"}

    def encode(self, texts: Sequence[Text]) -> list[Row]:
        """Tokenises; any thread may call it."""
        return encoded(self.backend, texts)

    def probabilities(self, rows: Sequence[Row]) -> FloatArray:
        """Returns [rows, labels]."""
        logits = self.logits(rows)
        if self.multi_label:
            return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)

    def logits(self, rows: Sequence[Row]) -> FloatArray:
        """Returns what the head says, [rows, labels]."""
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        found = np.zeros((len(rows), len(self.labels)), dtype=np.float32)

        def run(group: IntArray) -> Any:
            return self.session.run(None, self._inputs([rows[i] for i in group]))[0]

        groups = rectangles(lengths, PASS_TOKENS, PASS_OVERHEAD_TOKENS)
        for group, said in zip(groups, self.passes.map(run, groups), strict=True):
            found[group] = said
        return found

    def _inputs(self, rows: Sequence[Row]) -> dict[str, IntArray]:
        longest = max(map(len, rows))
        places = np.arange(longest)
        lengths = np.array([len(row) for row in rows])[:, np.newaxis]
        ids = np.full((len(rows), longest), self.known.pad_id, dtype=np.int64)
        for each, row in zip(ids, rows, strict=True):
            each[: len(row)] = row.tokens
        inputs = {"input_ids": ids, "attention_mask": (places < lengths).astype(np.int64)}
        if self.known.has_pair_types:
            starts = np.array([row.pair_start for row in rows])[:, np.newaxis]
            of_second = (places >= starts) & (places < lengths)
            inputs["token_type_ids"] = of_second.astype(np.int64)
        return inputs

    def check(self) -> None:
        """Runs a text that it has read before.

        Raises:
            ModelLostError: that fails.
        """
        try:
            self.probabilities(self.encode([Text("warm up")]))
        except Exception as error:
            raise ModelLostError(f"The model does not answer any more: {error}") from error


def cores() -> int:
    """Returns how many this process may use."""
    return len(os.sched_getaffinity(0))


def _options(environment: Mapping[str, str]) -> Any:
    options = onnxruntime.SessionOptions()
    threads = environment.get("OMP_NUM_THREADS", "")
    options.intra_op_num_threads = int(threads) if threads.isdecimal() and int(threads) else cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # As torch's threads do in this program: one that waits sleeps (see the launcher).
    if environment.get("OMP_WAIT_POLICY", "PASSIVE").upper() != "ACTIVE":
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
