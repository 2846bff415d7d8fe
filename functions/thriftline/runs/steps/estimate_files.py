"""What a run of some files would cost: validated and planned like a run, without AWS.

No earlier runs and no champion are known here, and nobody's budget is asked.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from thriftline.core.errors import BudgetExceededError, DatasetRejectedError, InvalidRunSpecError
from thriftline.datasets.engine.planning import plan_work
from thriftline.datasets.engine.reporting import rejection_message
from thriftline.datasets.engine.rules import WorkLimits
from thriftline.datasets.engine.scratch import LocalScratch
from thriftline.datasets.engine.sources import LocalSource
from thriftline.datasets.engine.validation import WorkContext, validate_in_one_pass
from thriftline.datasets.report_document import DatasetReport
from thriftline.runs.domain.affordable import Clamp, Room
from thriftline.runs.domain.encoders import WELL_KNOWN
from thriftline.runs.domain.layout import Upload
from thriftline.runs.domain.quotes import Quote, admit
from thriftline.runs.domain.uploads import classify, split_of
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.schemas.estimate import (
    EstimatedData,
    EstimateDocument,
    EstimateRequest,
)
from thriftline.runs.schemas.run import DatasetFile, Run
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.run_yaml import parse_run_yaml
from thriftline.runs.steps.dataset_store import files_of, rules_of
from thriftline.runs.steps.dataset_volume import DatasetVolume
from thriftline.runs.steps.plan_run import plan_document, require_splits
from thriftline.runs.steps.training_work import work_to_plan
from thriftline.runs.trainers.port import Inputs

PROJECT = "estimate"
# What can be priced without an account; other trainers ask AWS for their models.
TRAINER = "sagemaker"


def estimate_files(
    request: EstimateRequest,
    *,
    quote: Callable[[TrainingWork], Quote],
    inputs: Inputs,
    region: str,
    now: datetime,
) -> EstimateDocument:
    """Returns the estimate.

    Args:
        request: the files, and the defaults of the stack.
        quote: the trainer's prices.
        inputs: the splits that the trainer reads.
        region: where the run would be.
        now: the time of the estimate.

    Raises:
        InvalidRunSpecError: run.yaml cannot be used, a file is none of a data set, or the run does
            not fit its instances.
        DatasetRejectedError: the data cannot be trained on; the message says where and what to fix.
        UnknownInstanceTypeError: SageMaker has no such type.
        UnpricedInstanceError: the catalogue has no rate for it here.
    """
    run = _run(request, _spec(request), now)
    report = _validated(run, request)
    volume = DatasetVolume(
        rows=report.rows,
        splits=dict(report.splits),
        labels=report.labels,
        characters=report.characters,
        text_length_max=report.text_length_max,
    )
    require_splits(volume, inputs)
    work = work_to_plan(run, TRAINER, volume, WELL_KNOWN.get(run.spec.base_model), None)
    quoted = quote(work)
    allowance, clamp, refusal = _admitted(quoted, work)
    plan = plan_document(run, work, quoted, allowance, region=region, now=now)
    return EstimateDocument(
        data=EstimatedData.of(report),
        plan=plan.shortened(clamp) if clamp else plan,
        refusal=refusal,
    )


def _spec(request: EstimateRequest) -> RunSpec:
    text = request.run_yaml.read_bytes() if request.run_yaml else None
    return parse_run_yaml(text, request.defaults((TRAINER,)))


def _run(request: EstimateRequest, spec: RunSpec, now: datetime) -> Run:
    several = len(request.files) > 1
    return Run(
        run_id=PROJECT,
        project=PROJECT,
        upload=Upload("", f"datasets/{PROJECT}/{request.files[0].name}", "local"),
        execution_arn="",
        opened_at=now,
        spec=spec,
        files=tuple(_file(path, several=several) for path in request.files),
    )


def _file(path: Path, *, several: bool) -> DatasetFile:
    found = classify(f"datasets/{PROJECT}/{path.name}")
    if found.reason:
        raise InvalidRunSpecError(f"{path}: {found.reason}.")
    split = split_of(path.name) if several else None
    if several and split is None:
        raise InvalidRunSpecError(
            f"{path}: of several files each must be named for its split, such as train.csv, "
            "validation.csv and test.csv."
        )
    return DatasetFile(
        bucket="", key=path.name, version_id="local", size=path.stat().st_size, split=split
    )


def _validated(run: Run, request: EstimateRequest) -> DatasetReport:
    sources = {path.name: LocalSource(path) for path in request.files}
    limits = WorkLimits()
    try:
        plan = plan_work(files_of(run), rules_of(run), limits, lambda file: sources[file.name])
        with TemporaryDirectory() as folder:
            shop = WorkContext(lambda file: sources[file.name], limits, LocalScratch(Path(folder)))
            report = validate_in_one_pass(plan, shop)
    finally:
        for source in sources.values():
            source.close()
    if report.verdict == "rejected":
        raise DatasetRejectedError(rejection_message(report))
    return report


def _admitted(quote: Quote, work: TrainingWork) -> tuple[Decimal, Clamp | None, str | None]:
    """Returns what the run may spend, how it was made shorter, and why it would be refused."""
    try:
        room = Room(work.cap_usd, "the cap budget.max_usd")
        return *admit(quote, room, work.cap_usd), None
    except BudgetExceededError as error:
        return quote.worst_case_usd, None, str(error)
