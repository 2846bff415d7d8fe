"""Exports a trained model for CPUs, and keeps the result only if it answers as the model does.

The graph is written by torch's ONNX exporter, ONNX Runtime fuses attention, GELU and layer norms
where it knows the architecture, and the matrices become 8-bit integers; the vectors are quantised
while it runs, so that no calibration data is needed. Three forms are tried, the faster ones first:

- `int8`: a scale for each column of a matrix, and one for all vectors of a pass. Seven of the eight
  bits are used: on a CPU without VNNI the sums of eight would saturate, and it would answer
  otherwise than the machine on which the answers were compared.
- `int8_rows`: a scale for each column of a matrix and for each vector (`row_scales.py`), in all
  eight bits; served where the processor has VNNI.
- `int8_blocks`: a scale for every 32 numbers, of matrices and vectors alike. One large number in a
  vector then spoils 31 others and not the whole pass.
"""

import contextlib
import json
import logging
import shutil
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training_image.data import Split
from training_image.evaluation import Predictions
from training_image.exported_model import ExportedFacts, ExportedModel
from training_image.job import StopRequestedError, StopSignal
from training_image.models import Classifier, load_trained
from training_image.row_scales import scale_rows
from training_image.serving_port import EXPORTED, EXPORTED_FACTS, EXPORTED_GRAPH, Row

MOST_DIFFERENT = 0.005
"""Share of the test records that may get another label from the exported model."""
MOST_ROWS = 2000
"""Test records on which both are compared, evenly spaced."""
CHUNK = 64
OPSET = 17
FLOAT = 1  # onnx.TensorProto.FLOAT
BLOCK = 32
PLAIN = "plain.onnx"
INT8_SUMS = 4  # MatMulNBits' accuracy level: products of 8-bit integers


@dataclass(frozen=True)
class Export:
    """How an export ended; `metrics.json` has it."""

    kind: str
    kept: bool
    reason: str
    rows: int = 0
    different: int = 0
    """Rows that got another label than the plain model gives."""
    accuracy: float | None = None
    megabytes: float | None = None
    seconds: float = 0.0

    @property
    def document(self) -> dict[str, Any]:
        """As `metrics.json` has it."""
        share = self.different / self.rows if self.rows else None
        return {**asdict(self), "different_share": share, "most_different_share": MOST_DIFFERENT}


def export_int8(
    folder: Path, split: Split, candidate: Predictions, stop: StopSignal, scratch: Path
) -> Export:
    """Adds the first form that answers as the model does to its folder, if there is one.

    Args:
        folder: the model, as `Classifier.save` wrote it.
        split: the test split.
        candidate: what the model says of it.
        stop: is heeded between the steps.
        scratch: an empty place for files in between.

    Raises:
        StopRequestedError: SIGTERM came; the folder is as it was.
    """
    started = time.monotonic()
    said = list[str]()
    for kind in FORMS:
        export = _attempt(kind, folder, split, candidate, stop, scratch)
        said.append(f"{kind}: {export.reason}")
        if export.kept:
            break
    seconds = round(time.monotonic() - started, 3)
    return Export(**{**asdict(export), "reason": " ".join(said), "seconds": seconds})


def _attempt(
    kind: str,
    folder: Path,
    split: Split,
    candidate: Predictions,
    stop: StopSignal,
    scratch: Path,
) -> Export:
    target = folder / EXPORTED
    try:
        export = _try(kind, folder, target, split, candidate, stop, scratch)
    except StopRequestedError:
        shutil.rmtree(target, ignore_errors=True)
        raise
    except Exception as error:  # exporters fail in many ways, and the plain model is there
        reason = " ".join(str(error).split())[:500] or type(error).__name__
        export = Export(kind, False, f"The export failed: {reason}")
    if not export.kept:
        shutil.rmtree(target, ignore_errors=True)
    return export


def _try(
    kind: str,
    folder: Path,
    target: Path,
    split: Split,
    candidate: Predictions,
    stop: StopSignal,
    scratch: Path,
) -> Export:
    write_exported(kind, folder, target, stop, scratch)
    model = ExportedModel.load(folder, {})
    rows = np.unique(np.linspace(0, len(split) - 1, min(len(split), MOST_ROWS)).astype(np.int64))
    said = [_chunk(model, split, rows[i : i + CHUNK], stop) for i in range(0, len(rows), CHUNK)]
    likelihood = np.log(np.maximum(np.concatenate(said), np.finfo(np.float32).tiny))
    ours = Predictions(model.labels, likelihood, model.multi_label)
    names = ours.names(0, len(rows))
    plain = [candidate.names(row, row + 1)[0] for row in rows]
    different = sum(mine != its for mine, its in zip(names, plain, strict=True))
    truth = [_truth(split, int(row)) for row in rows]
    kept = different <= MOST_DIFFERENT * len(rows)
    return Export(
        kind,
        kept,
        f"{different:,} of {len(rows):,} test records get another label; at most "
        f"{MOST_DIFFERENT:.1%} may.",
        len(rows),
        different,
        sum(mine == its for mine, its in zip(names, truth, strict=True)) / len(rows),
        round((target / EXPORTED_GRAPH).stat().st_size / 1e6, 1),
    )


def _chunk(model: ExportedModel, split: Split, rows: Any, stop: StopSignal) -> Any:
    stop.check()
    ends = split.offsets
    return model.probabilities(
        [
            Row(
                np.asarray(split.tokens[ends[row] : ends[row + 1]], dtype=np.int64),
                int(split.pair_starts[row]),
                False,
            )
            for row in rows
        ]
    )


def _truth(split: Split, row: int) -> Any:
    truth = split.truth[row]
    if split.multi_label:
        return [split.labels[i] for i in np.flatnonzero(truth)]
    return split.labels[int(truth)]


def write_exported(kind: str, folder: Path, target: Path, stop: StopSignal, scratch: Path) -> None:
    """Writes one exported form of a model's folder.

    Args:
        kind: one of `FORMS`.
        folder: the model.
        target: the form's folder, which is made.
        stop: is heeded between the steps.
        scratch: a place for files in between.

    Raises:
        Exception: the architecture cannot be exported.
        StopRequestedError: SIGTERM came.
    """
    classifier = load_trained(folder)
    if classifier.packing is not None:
        classifier.packing.undo()
    classifier.network.set_attn_implementation("eager")
    scratch.mkdir(parents=True, exist_ok=True)
    target.mkdir()
    with warnings.catch_warnings(), _quiet():
        warnings.simplefilter("ignore")
        if not (scratch / PLAIN).exists():
            _write_graph(classifier, scratch / PLAIN)
        stop.check()
        FORMS[kind](classifier.network.config, scratch, target / EXPORTED_GRAPH)
    _write_facts(kind, classifier, target)
    for file in target.iterdir():
        file.chmod(0o644)
    stop.check()


def _by_columns(config: Any, scratch: Path, place: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    _fused(config, scratch, multi_head=False).save_model_to_file(str(scratch / "fused.onnx"))
    quantize_dynamic(
        scratch / "fused.onnx",
        place,
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        # Of what a fused operator gives, shape inference knows no type.
        extra_options={"DefaultTensorType": FLOAT},
    )


def _by_rows(config: Any, scratch: Path, place: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    fused = _fused(config, scratch, multi_head=True)
    scale_rows(fused.model)
    fused.save_model_to_file(str(scratch / "rows.onnx"))
    quantize_dynamic(
        scratch / "rows.onnx",
        place,
        per_channel=True,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul"],
        extra_options={"DefaultTensorType": FLOAT},
    )


def _by_blocks(config: Any, scratch: Path, place: Path) -> None:
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    fused = _fused(config, scratch, multi_head=True)  # its matrices stay products of their own
    quantizer = MatMulNBitsQuantizer(
        fused.model, bits=8, block_size=BLOCK, is_symmetric=True, accuracy_level=INT8_SUMS
    )
    quantizer.process()
    quantizer.model.save_model_to_file(str(place), False)


FORMS: dict[str, Callable[[Any, Path, Path], None]] = {
    "int8": _by_columns,
    "int8_rows": _by_rows,
    "int8_blocks": _by_blocks,
}


def _fused(config: Any, scratch: Path, *, multi_head: bool) -> Any:
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    options = FusionOptions("bert")
    options.use_multi_head_attention = multi_head
    return optimizer.optimize_model(
        str(scratch / PLAIN),
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
        optimization_options=options,
        opt_level=1,
        use_gpu=False,
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the advice of optimiser and quantiser out of the job's log."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


class _Logits(torch.nn.Module):
    """A network with its inputs in a fixed order, and nothing but logits for an answer."""

    def __init__(self, network: Any, names: tuple[str, ...]) -> None:
        super().__init__()
        self.network, self.names = network, names

    def forward(self, *inputs: torch.Tensor) -> Any:
        return self.network(**dict(zip(self.names, inputs, strict=True))).logits


def _write_graph(classifier: Classifier, place: Path) -> None:
    names: tuple[str, ...] = ("input_ids", "attention_mask")
    if classifier.tokenizer.has_pair_types:
        names += ("token_type_ids",)
    vocabulary = classifier.tokenizer.vocabulary
    ids = torch.arange(2 * 12).reshape(2, 12) % max(1, vocabulary - 1)
    mask = torch.ones(2, 12, dtype=torch.int64)
    mask[1, 8:] = 0
    inputs = (ids, mask, torch.zeros_like(ids))[: len(names)]
    torch.onnx.export(
        _Logits(classifier.network.eval(), names),
        inputs,
        str(place),
        input_names=list(names),
        output_names=["logits"],
        dynamic_axes={name: {0: "rows", 1: "tokens"} for name in names} | {"logits": {0: "rows"}},
        opset_version=OPSET,
        dynamo=False,  # the other one needs onnxscript, and the fusions do not know its graphs
    )


def _write_facts(kind: str, classifier: Classifier, target: Path) -> None:
    tokenizer = classifier.hf_tokenizer
    wanted = getattr(classifier.network.config, "text_pair", None)
    facts = ExportedFacts(
        labels=classifier.labels,
        multi_label=classifier.multi_label,
        text_pair=wanted if isinstance(wanted, bool) else None,
        max_length=int(tokenizer.model_max_length),
        truncation_side=str(tokenizer.truncation_side),
        pad_id=classifier.tokenizer.pad_id,
        has_pair_types=classifier.tokenizer.has_pair_types,
        precision=kind,
    )
    (target / EXPORTED_FACTS).write_text(
        json.dumps(asdict(facts), ensure_ascii=False, indent=1) + "\n"
    )
