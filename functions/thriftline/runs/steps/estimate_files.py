"""What a run of some files would cost: validated and planned like a run, without AWS.

No earlier runs and no champion are known here, and nobody's budget is asked.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from thriftline.core.errors import DatasetRejectedError, InvalidRunSpecError
from thriftline.datasets.engine.planning import plan_work
from thriftline.datasets.engine.reporting import rejection_message
from thriftline.datasets.engine.rules import WorkLimits
from thriftline.datasets.engine.scratch import LocalScratch
from thriftline.datasets.engine.sources import LocalSource
from thriftline.datasets.engine.validation import WorkContext, validate_in_one_pass
from thriftline.datasets.report_document import DatasetReport
from thriftline.runs.domain.layout import Upload
from thriftline.runs.domain.raw_data import none_is_read
from thriftline.runs.domain.uploads import classify, split_of
from thriftline.runs.engines.registry import Engines
from thriftline.runs.schemas.estimate import (
    EstimatedData,
    EstimateDocument,
    EstimateRequest,
)
from thriftline.runs.schemas.run import DatasetFile, Run
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.run_yaml import parse_run_yaml
from thriftline.runs.steps.choose_engine import work_of
from thriftline.runs.steps.dataset_store import files_of, rules_of
from thriftline.runs.steps.dataset_volume import DatasetVolume
from thriftline.runs.steps.estimated_plan import NOT_ASKED, choice_of, estimated_plan
from thriftline.runs.steps.estimated_preparation import estimated_preparation
from thriftline.runs.trainers.port import Quoter

PROJECT = "estimate"


def estimate_files(
    request: EstimateRequest,
    *,
    quoters: Sequence[Quoter],
    engines: Engines,
    region: str,
    now: datetime,
) -> EstimateDocument:
    """Returns the estimate.

    Args:
        request: the files, and the defaults of the stack.
        quoters: the ways to train that can be priced without an account.
        engines: the ways to prepare raw data, as far as they can be.
        region: where the run would be.
        now: the time of the estimate.

    Raises:
        InvalidRunSpecError: run.yaml cannot be used, a file is none of a data set, or the run does
            not fit its instances.
        DatasetRejectedError: the data cannot be trained on; the message says where and what to fix.
        UnknownInstanceTypeError: SageMaker has no such type.
        UnpricedInstanceError: the catalogue has no rate for it here.
    """
    asked = [one for one in quoters if one.name in request.trainers]
    spec = _spec(request, quoters)
    if spec.prepare is not None:
        if problem := none_is_read([one.name for one in request.files], spec.prepare.format):
            raise DatasetRejectedError(problem)
        # How many rows are left to train on is known when the data is prepared.
        work = work_of([(one.name, one.stat().st_size) for one in request.files], spec.prepare)
        preparation, refusal = estimated_preparation(work, spec.prepare, spec, engines)
        return EstimateDocument(data=None, plan=None, preparation=preparation, refusal=refusal)
    run = _run(request, spec, now)
    report = _validated(run, request)
    volume = DatasetVolume(
        rows=report.rows,
        splits=dict(report.splits),
        labels=report.labels,
        characters=report.characters,
        text_length_max=report.text_length_max,
    )
    plan, refusal = estimated_plan(run, volume, asked, region=region, now=now)
    return EstimateDocument(
        data=EstimatedData.of(report),
        plan=plan,
        refusal=refusal,
        choice=choice_of(plan),
        not_asked=NOT_ASKED,
    )


def _spec(request: EstimateRequest, quoters: Sequence[Quoter]) -> RunSpec:
    text = request.run_yaml.read_bytes() if request.run_yaml else None
    return parse_run_yaml(text, request.defaults(tuple(one.name for one in quoters)))


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
