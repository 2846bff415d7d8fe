"""What a run of a data set would cost of which only the figures are known, without AWS."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from thriftline.runs.domain.layout import Upload
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.run_yaml import Defaults, parse_run_yaml
from thriftline.runs.steps.dataset_volume import DatasetVolume
from thriftline.runs.steps.estimated_plan import estimated_plan
from thriftline.runs.trainers.port import Quoter


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
    defaults: Defaults,
    region: str,
    now: datetime,
) -> tuple[Plan, str | None]:
    """Returns the plan, and why the run would be refused as it is; None where it would not.

    Raises:
        InvalidRunSpecError: run.yaml cannot be used.
        ThriftlineError: no way to train has a price for it.
    """
    text = figures.run_yaml.encode() if figures.run_yaml.strip() else None
    spec = parse_run_yaml(text, defaults)
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
    return estimated_plan(run, _volume(figures, spec), asked, region=region, now=now)


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
