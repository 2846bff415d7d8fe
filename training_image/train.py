"""Fine-tunes a pretrained encoder to classify texts, as a SageMaker training job.

In the image:   docker run -v "$PWD/ml:/opt/ml" IMAGE train
On a laptop:    SAGEMAKER_BASE_DIR=ml python training_image/train

`run` below tells the whole story; `training.py` is the loop. README.md beside this file is the
contract: the folders that are read and written, the lines printed, the exit codes.
"""

import errno
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers

from training_image.baseline import NAME, Baseline, fit_baseline, majority_names
from training_image.config import TrainConfig, read_config
from training_image.data import Split, Tokenizer
from training_image.data_share import Agree, on_each_machine, require_same
from training_image.evaluation import Predictions, predict, score, write_predictions
from training_image.hardware import Hardware
from training_image.head_first_training import HeadFirstTraining
from training_image.head_training import HeadTraining
from training_image.job import (
    FAILED,
    INTERRUPTED,
    SUCCEEDED,
    Job,
    JobError,
    StopRequestedError,
    StopSignal,
    write_json,
)
from training_image.launch import SCRATCH
from training_image.models import (
    check_champion,
    find_revision,
    load_base,
    load_champion,
    load_tokenizer,
)
from training_image.parallel import ALONE, Ranks
from training_image.progress import say, warn, write_history
from training_image.records import read_records
from training_image.serving_port import EXPORTED
from training_image.sweep import Sweep
from training_image.token_cache import open_split, tokenize
from training_image.training import Training

if TYPE_CHECKING:
    from training_image.exporting import Export

CHANNELS = ("train", "validation", "test")
METHODS: dict[str, type[Training]] = {
    "finetune": Training,
    "head_first": HeadFirstTraining,
    "linear_head": HeadTraining,
}


def run(job: Job, stop: StopSignal, scratch: Path, ranks: Ranks) -> None:
    """Trains a candidate, compares it with the champion, and writes what the job leaves.

    Every rank comes through here; the lead alone speaks and writes.

    Raises:
        JobError: the user has something to mend.
        StopRequestedError: SIGTERM came; what was trained is in a checkpoint.
    """
    config = read_config(job.hyperparameters())
    if config.sweep and (machines := len(set(ranks.gather(ranks.machine)))) > 1:
        raise JobError(
            f"Hyperparameters: a sweep runs on one instance, and this job has {machines}; take "
            "one, or leave the sweep out."
        )
    channels = find_channels(job)
    if "champion" in channels:
        check_champion(channels["champion"], config.multi_label)
    hardware = Hardware.find(ranks.local_rank)

    base = job.channel("model") or config.base_model
    revision = same_revision(base, config.base_model_revision, ranks)
    # The first one of a machine fetches the model, if it has to be.
    on_each_machine(ranks, lambda _: load_tokenizer(base, config.max_length, revision))
    tokenizers = load_tokenizer(base, config.max_length, revision)
    splits = read_splits(channels, config, tokenizers[1], scratch, stop, ranks)

    def start(job: Job, config: TrainConfig, ranks: Ranks = ranks) -> Training:
        torch.manual_seed(config.seed)  # for the head, which no base model has
        kind = METHODS[config.method]
        classifier = load_base(
            base,
            splits["train"].labels,
            tokenizers,
            config.multi_label,
            mean_pooling=kind is not Training,
            revision=revision,
        )
        ranks.raise_any(StopRequestedError() if stop.requested else None)
        return kind(job, config, classifier, splits, hardware, stop, ranks)

    sweep = Sweep(job, config, splits, start, ranks) if config.sweep else None
    training = sweep.search() if sweep else start(job, config)
    say_start(training)
    try:
        training.fit()
        training.take_best()
        temperature = training.calibrate()
        candidate = training.predict("test")
        champion = champion_predictions(training, channels, scratch)
        baseline = baseline_of(training)
        export = exported(training, candidate, scratch / "export")
        training.recovery.checkpoints.finish()
    except StopRequestedError:
        training.save_last()
        if ranks.leads:
            write_history(job.output / "data" / "history.jsonl", training.progress.history)
        raise
    if baseline is not None:
        write_outputs(
            training,
            temperature,
            candidate,
            champion,
            baseline,
            {
                **({"sweep": sweep.table()} if sweep else {}),
                **({"export": export.document} if export else {}),
            },
        )
        keep_exported(job, scratch / "export")


def same_revision(base: str | Path, wanted: str | None, ranks: Ranks) -> str | None:
    """Returns the commit of the model hub at which every rank loads the base model."""
    found = find_revision(base, wanted)
    if len(set(ranks.gather(found))) > 1:
        raise JobError(
            f"The base model {base} was changed in the hub while the job started; name its commit "
            "(base_model_revision) and start it again."
        )
    return found


def find_channels(job: Job) -> dict[str, Path]:
    """Returns the folders of the job's channels by name."""
    names = (*CHANNELS, "champion")
    channels = {name: path for name in names if (path := job.channel(name)) is not None}
    missing = [name for name in CHANNELS if name not in channels]
    if missing:
        raise JobError(f"The job has no channel {' and no channel '.join(missing)}.")
    return channels


def read_splits(
    channels: Mapping[str, Path],
    config: TrainConfig,
    tokenizer: Tokenizer,
    scratch: Path,
    stop: StopSignal,
    ranks: Ranks = ALONE,
) -> dict[str, Split]:
    """Tokenises the three splits; the labels are those of the training split."""
    splits: dict[str, Split] = {}
    for name in CHANNELS:

        def write(agree: Agree, name: str = name) -> None:
            tokenize(
                read_records(channels[name], name, config.text_pair, config.multi_label),
                tokenizer,
                scratch / name,
                splits["train"].labels if splits else None,
                multi_label=config.multi_label,
                keep_ids=name == "test",
                between=stop.check,
                agree=agree,
            )

        on_each_machine(ranks, write)
        splits[name] = open_split(scratch / name, tokenizer)
        if name == "train":
            check_labels(splits["train"].labels, config.multi_label)
        else:
            require_same(name, splits[name], ranks)
    return splits


def check_labels(labels: Sequence[str], multi_label: bool) -> None:
    """Raises JobError where the training split has nothing to tell apart."""
    if not labels:
        raise JobError("No record of the training split has a label.")
    if len(labels) < 2 and not multi_label:
        raise JobError(f"The training split has the label {labels[0]!r} alone; two are needed.")


def champion_predictions(
    training: Training, channels: Mapping[str, Path], scratch: Path
) -> Predictions | None:
    """Runs the model in use over the same test records, read with its own tokenizer."""
    if "champion" not in channels:
        return None
    config, ranks = training.config, training.ranks
    champion = training.hardware.place(
        load_champion(channels["champion"], scratch / str(ranks.rank))
    )
    on_each_machine(
        ranks,
        lambda _: tokenize(
            read_records(channels["test"], "test", config.text_pair, config.multi_label),
            champion.tokenizer,
            scratch / "test of champion",
            training.splits["test"].labels,
            multi_label=config.multi_label,
            between=training.stop.check,
        ),
    )
    return predict(
        champion,
        open_split(scratch / "test of champion", champion.tokenizer),
        training.hardware.autocast(),
        training.progress.pass_tokens,
        training.stop,
        ranks,
    )


def baseline_of(training: Training) -> Baseline | None:
    """Trains the baseline on the rows of the lead's machine; the other ranks wait for it."""
    baseline, stopped, splits = None, None, training.splits
    if training.ranks.leads:
        try:
            baseline = fit_baseline(
                splits["train"],
                splits["validation"],
                splits["test"],
                training.config.seed,
                training.stop.check,
            )
        except StopRequestedError as error:
            stopped = error
    training.ranks.raise_any(stopped)
    return baseline


def exported(training: Training, candidate: Predictions, scratch: Path) -> "Export | None":
    """Exports the model, if that is asked for, on the lead; the other ranks wait for it."""
    export, stopped = None, None
    if training.ranks.leads and training.config.export != "none":
        from training_image.exporting import export_int8  # few jobs need its engine

        folder = scratch / "model"
        save(training, folder)
        try:
            export = export_int8(
                folder, training.splits["test"], candidate, training.stop, scratch / "graphs"
            )
        except StopRequestedError as error:
            stopped = error
    training.ranks.raise_any(stopped)
    if export:
        say("export", kept=export.kept, reason=export.reason, export_seconds=export.seconds)
    return export


def keep_exported(job: Job, scratch: Path) -> None:
    """Puts an exported form beside the plain model; that of an attempt before this one goes."""
    found, target = scratch / "model" / EXPORTED, job.model / EXPORTED
    shutil.rmtree(target, ignore_errors=True)
    if found.is_dir():
        shutil.move(found, target)


def save(training: Training, folder: Path) -> None:
    """Writes the model, and in its config which records it was trained on, for the server."""
    training.classifier.network.config.text_pair = training.config.text_pair
    training.classifier.save(folder, training.final_weights)


def say_start(training: Training) -> None:
    """Prints what is about to be trained, on what."""
    config, hardware = training.config, training.hardware
    say(
        "start",
        # As strings, so that no metric definition takes them for measurements.
        hyperparameters={name: str(value) for name, value in asdict(config).items()},
        labels=list(training.classifier.labels),
        rows={name: len(split) for name, split in training.splits.items()},
        parameters=training.classifier.parameters,
        device=hardware.device.type,
        precision=str(hardware.dtype).removeprefix("torch."),
        threads=torch.get_num_threads(),
        processes=training.ranks.world,
        total_steps=training.total_steps,
        resumed_from_step=training.resumed_from_step,
    )


def write_outputs(
    training: Training,
    temperature: float,
    candidate: Predictions,
    champion: Predictions | None,
    baseline: Baseline,
    more: Mapping[str, Any],
) -> None:
    """Writes the model, the metrics with what else there is to say, history and predictions."""
    job, progress, test = training.job, training.progress, training.splits["test"]
    save(training, job.model)
    data = job.output / "data"
    write_predictions(data / "predictions.parquet", test, candidate, champion, baseline.predictions)
    write_history(data / "history.jsonl", progress.history)
    candidate_scores = score(candidate, test)
    champion_scores = score(champion, test) if champion else None
    best = progress.best
    metrics: dict[str, Any] = {
        "labels": list(candidate.labels),
        "champion_labels": list(champion.labels) if champion else None,
        "train": {
            "samples": progress.samples,
            "tokens": progress.tokens,
            "steps": progress.step,
            "epochs_run": training.epoch(progress.step),
            "seconds": progress.seconds,
            "final_loss": progress.final_loss,
            "best_epoch": best["epoch"],
            "resumed_from_step": training.resumed_from_step,
            "method": training.config.method,
            "temperature": round(temperature, 6),
        },
        "validation": {name: best[name] for name in ("accuracy", "macro_f1", "loss")},
        "test": {
            "candidate": asdict(candidate_scores),
            "champion": asdict(champion_scores) if champion_scores else None,
        },
        "baselines": {
            "majority": {"labels": majority_names(training.splits["train"])},
            "tfidf": {
                "name": NAME,
                "rows": baseline.rows,
                "test": asdict(baseline.test),
            },
        },
        "model": {
            "base_model": training.config.base_model,
            "base_model_revision": training.classifier.revision,
            "parameters": training.classifier.parameters,
            "architecture": training.classifier.architecture,
        },
        "software": {"torch": torch.__version__, "transformers": transformers.__version__},
    }
    write_json(data / "metrics.json", {**metrics, **more})
    say(
        "end",
        step=progress.step,
        epochs_run=training.epoch(progress.step),
        seconds=progress.seconds,
        test_accuracy=candidate_scores.accuracy,
        champion_test_accuracy=champion_scores.accuracy if champion_scores else None,
    )


def main(
    environment: Mapping[str, str],
    stop: StopSignal,
    join: Callable[[Mapping[str, str]], Ranks] = Ranks.join,
) -> int:
    """Runs the job that the environment names; returns its exit code.

    Args:
        environment: of this process.
        stop: hears SIGTERM.
        join: meets the other processes of the job.
    """
    job = Job.from_environment(environment)
    try:
        ranks = join(environment)
    except Exception as error:
        return _failed(job, error)
    code = SUCCEEDED
    with ExitStack() as stack:
        if not ranks.leads:  # its lines would be the lead's, said twice
            stack.enter_context(redirect_stdout(stack.enter_context(Path(os.devnull).open("w"))))
        scratch = environment.get(SCRATCH) or stack.enter_context(
            tempfile.TemporaryDirectory(prefix="thriftline-")
        )
        try:
            run(job, stop, Path(scratch), ranks)
        except StopRequestedError:
            code = INTERRUPTED
        except Exception as error:
            # No leave is taken: the others may wait for this rank in an exchange, and NCCL's end
            # would wait for them. The process ends, and torchrun ends theirs.
            return _failed(job, error)
        # Only here is the network gone, which a stop's traceback kept. Where it goes after the
        # connections, torch waits for their threads with the interpreter's lock, which they need.
        try:
            ranks.leave()
        except Exception as error:
            warn(f"The connections to the other processes broke at the end, after all: {error}")
        if code == INTERRUPTED:
            say("interrupted")
    return code


def _failed(job: Job, error: Exception) -> int:
    if not isinstance(error, JobError):
        traceback.print_exc()
    sentence = failure_sentence(error)
    print(sentence, file=sys.stderr)
    job.write_failure(sentence)
    return FAILED


def failure_sentence(error: Exception) -> str:
    """Says in one sentence why the job failed."""
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, JobError):
        return text
    if isinstance(error, torch.OutOfMemoryError):
        return "The GPU ran out of memory; a shorter max_length needs less."
    if isinstance(error, MemoryError) or "can't allocate memory" in text:
        return "The instance ran out of memory."
    if getattr(error, "errno", None) == errno.ENOSPC or "No space left on device" in text:
        return "No space is left on the instance's disk; give the job a larger volume."
    return f"The training program failed: {type(error).__name__}: {text}"
