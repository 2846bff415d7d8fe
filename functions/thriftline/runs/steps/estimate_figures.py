"""What a run of a data set would cost of which only the figures are known, without AWS."""

from collections.abc import Callable, Sequence
from datetime import datetime

from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.layout import Upload
from thriftline.runs.engines.registry import Engines
from thriftline.runs.schemas.estimate import EstimatedPreparation
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.run_yaml import Defaults, parse_run_yaml
from thriftline.runs.steps.choose_engine import work_of
from thriftline.runs.steps.dataset_volume import DatasetVolume
from thriftline.runs.steps.estimated_plan import estimated_plan
from thriftline.runs.steps.estimated_preparation import estimated_preparation
from thriftline.runs.trainers.port import Quoter


@dataclass(frozen=True)
class EstimatedFigures:
    """``plan`` is None for raw data, whose ``preparation`` has a price and its training none.

    ``refusal`` is why the run would be refused as it is, None where it would not.
    """

    spec: RunSpec
    plan: Plan | None
    preparation: EstimatedPreparation | None
    refusal: str | None


@dataclass(frozen=True)
class DatasetFigures:
    """``characters`` are of an average text, ``longest`` of the longest; ``run_yaml`` as a file."""

    project: str
    rows: int
    labels: int
    characters: int
    longest: int
    run_yaml: str


def estimate_figures(
    figures: DatasetFigures,
    *,
    quoters: Sequence[Quoter],
    engines: Callable[[], Engines],
    defaults: Defaults,
    region: str,
    now: datetime,
) -> EstimatedFigures:
    """Returns the plan, or for raw data what its preparation costs.

    Raises:
        InvalidRunSpecError: run.yaml cannot be used.
        ThriftlineError: no way to train has a price for it.
    """
    text = figures.run_yaml.encode() if figures.run_yaml.strip() else None
    spec = parse_run_yaml(text, defaults)
    if spec.prepare is not None:
        # Its bytes are those of text, whatever the format is that run.yaml says.
        name = "raw.csv" if spec.prepare.format == "auto" else "raw"
        work = work_of([(name, figures.rows * figures.characters)], spec.prepare)
        preparation, refusal = estimated_preparation(work, spec.prepare, spec, engines())
        return EstimatedFigures(spec, None, preparation, refusal)
    run = Run(
        run_id="estimate",
        project=figures.project,
        upload=Upload("", f"datasets/{figures.project}/data.csv", "estimate"),
        execution_arn="",
        opened_at=now,
        spec=spec,
        files=(),
    )
    asked = [one for one in quoters if one.name in defaults.may_name]
    plan, refusal = estimated_plan(run, _volume(figures, spec), asked, region=region, now=now)
    return EstimatedFigures(spec, plan, None, refusal)


def _volume(figures: DatasetFigures, spec: RunSpec) -> DatasetVolume:
    validation = int(figures.rows * spec.dataset.validation_fraction)
    test = int(figures.rows * spec.dataset.test_fraction)
    each, more = divmod(figures.rows, figures.labels)
    return DatasetVolume(
        rows=figures.rows,
        splits={
            "train": figures.rows - validation - test,
            "validation": validation,
            "test": test,
        },
        labels={f"label-{n}": each + (n < more) for n in range(figures.labels)},
        characters=figures.rows * figures.characters,
        text_length_max=figures.longest,
    )
