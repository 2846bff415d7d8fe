"""A run as its trainer is asked for it."""

from dataclasses import asdict, replace

from thriftline.runs.domain.auto_training import ChosenTraining, DataShape, NamedSettings, choose
from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.domain.finished_runs import FinishedRun
from thriftline.runs.domain.tokens import mean_tokens
from thriftline.runs.domain.work import Champion, TrainingWork
from thriftline.runs.schemas.hyperparameters_section import Hyperparameters
from thriftline.runs.schemas.plan import Plan, PlannedTraining
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.steps.dataset_volume import DatasetVolume


def work_to_plan(
    run: Run,
    trainer: str,
    volume: DatasetVolume,
    encoder: Encoder | None,
    champion: Champion | None,
    finished: tuple[FinishedRun, ...] = (),
) -> TrainingWork:
    """Returns the work as a trainer is asked for it; what is left open follows the data."""
    spec, mean = run.spec, volume.mean_characters
    tokens = None if mean is None else mean_tokens(mean, spec.hyperparameters.max_length)
    chosen = choose(
        DataShape(
            rows=volume.splits.get("train", 0),
            mean_tokens=tokens,
            labels=len(volume.labels) or None,
            must_finetune=spec.multi_label or spec.search is not None or not spec.on_one_machine,
            width=encoder.hidden if encoder else None,
        ),
        named_by(spec),
    )
    work = _work(run, trainer, volume, chosen, champion, encoder=encoder)
    return replace(work, finished=finished)


def planned_work(run: Run, plan: Plan) -> TrainingWork:
    """Returns the work as the plan has it."""
    volume = DatasetVolume(rows=sum(plan.splits.values()), splits=plan.splits)
    champion = plan.champion.to_domain() if plan.champion else None
    return _work(run, plan.trainer, volume, _chosen(run.spec, plan), champion)


def _chosen(spec: RunSpec, plan: Plan) -> ChosenTraining:
    if plan.training is not None:
        return ChosenTraining(**dict(plan.training))
    # The run spec of a plan of version 1.0 names everything.
    return choose(DataShape(plan.splits.get("train", 0), None), named_by(spec))


def _work(
    run: Run,
    trainer: str,
    volume: DatasetVolume,
    chosen: ChosenTraining,
    champion: Champion | None,
    encoder: Encoder | None = None,
) -> TrainingWork:
    spec = run.spec
    return TrainingWork(
        run_id=run.run_id,
        project=run.project,
        base_model=spec.base_model,
        encoder=encoder,
        hyperparameters=hyperparameters_of(spec, PlannedTraining(**asdict(chosen))),
        chosen=chosen,
        section=spec.trainer_section(trainer),
        splits=volume.splits,
        mean_characters=volume.mean_characters,
        champion=champion,
        cap_usd=spec.budget.max_usd,
        search=spec.search.to_domain() if spec.search else None,
        labels=volume.labels,
        longest_characters=volume.text_length_max,
        unpriced_allowance_usd=spec.budget.unpriced_allowance_usd,
        minimum_test_size=spec.gate.minimum_test_size,
        latency_ms=spec.needs.latency_ms,
    )


def named_in(given: Hyperparameters) -> NamedSettings:
    """Returns what run.yaml names, without what it leaves open."""
    values = given.model_dump(include=set(NamedSettings.__dataclass_fields__))
    return NamedSettings(**{name: value for name, value in values.items() if value != "auto"})


def named_by(spec: RunSpec) -> NamedSettings:
    """Returns what run.yaml names; of values that a search tries those of the longest trial."""
    named, tried = named_in(spec.hyperparameters), spec.search
    if tried is None:
        return named
    return replace(
        named,
        method="finetune",
        epochs=max(tried.epochs) if tried.epochs else named.epochs,
        batch_tokens=min(tried.batch_tokens) if tried.batch_tokens else named.batch_tokens,
    )


def hyperparameters_of(spec: RunSpec, planned: PlannedTraining) -> dict[str, object]:
    """Returns what the training program is told, by the names that it knows."""
    chosen = planned.model_dump(exclude={"steps"})
    return {
        "base_model": spec.base_model,
        # An image of an earlier version does not know the name, and has no need of it.
        **({"base_model_revision": revision} if (revision := spec.base_model_revision) else {}),
        **spec.hyperparameters.model_dump(),
        **chosen,
        "batch_rows": "none" if planned.batch_rows is None else planned.batch_rows,
        "seed": spec.seed,
        "text_pair": spec.columns.text_pair is not None,
        "multi_label": spec.multi_label,
        "sweep": spec.search.as_hyperparameter() if spec.search else "none",
    }
