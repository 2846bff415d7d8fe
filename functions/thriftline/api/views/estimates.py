"""Estimates: priced at once from figures, and kept for a month."""

import json
from typing import TYPE_CHECKING

from thriftline.api.problems import not_found
from thriftline.api.requests import Call
from thriftline.api.schemas.estimates import (
    Estimate,
    EstimateAsk,
    EstimatedChoice,
    EstimatedPreparation,
)
from thriftline.core.kept import reading
from thriftline.core.kept_project import project_of
from thriftline.runs.schemas.plan import Plan
from thriftline.wiring import api as wiring

if TYPE_CHECKING:
    from thriftline.runs.steps.estimate_figures import EstimatedFigures

_TIMES_THE_AVERAGE = 4


def make_estimate(call: Call, body: EstimateAsk) -> Estimate:
    """Prices a data set of such figures."""
    from thriftline.runs.steps.estimate_figures import DatasetFigures, estimate_figures

    call.require(body.project, f"project {body.project}")
    figures = DatasetFigures(
        project=body.project,
        rows=body.rows,
        labels=body.labels,
        characters=body.characters,
        longest=body.longest or _TIMES_THE_AVERAGE * body.characters,
        run_yaml=body.run_yaml,
    )
    found = estimate_figures(
        figures,
        quoters=wiring.quoters(),
        engines=wiring.quoting_engines,
        defaults=wiring.run_spec_defaults(),
        region=wiring.settings().region,
        now=call.now,
    )
    estimate_id = f"{body.project.lower()}-{call.token[:16]}"
    if found.plan is None:
        estimate = _of_raw_data(estimate_id, body.project, found, call)
    else:
        estimate = _shown(estimate_id, body.project, found.plan, found.refusal)
    wiring.artifacts().write_json(_key(estimate.id), estimate.model_dump_json())
    return estimate


def get_estimate(call: Call) -> Estimate:
    """Returns an estimate that was made."""
    estimate_id = call.parameters["id"]
    kept = wiring.artifacts().read(_key(estimate_id))
    if kept is None:
        raise not_found(f"Estimate {estimate_id}")
    with reading(f"Estimate {estimate_id}", "Estimate again."):
        project = project_of(json.loads(kept))
    # Before all else is read: what is wrong with it is said to those alone who may see it.
    call.require(project, f"estimate {estimate_id}")
    with reading(f"Estimate {estimate_id}", "Estimate again."):
        return Estimate.model_validate_json(kept)


def _key(estimate_id: str) -> str:
    return f"estimates/{estimate_id}.json"


def _of_raw_data(estimate_id: str, project: str, found: "EstimatedFigures", call: Call) -> Estimate:
    spec, preparation = found.spec, found.preparation
    if preparation is None:
        raise AssertionError("What has no plan has a preparation.")
    about = preparation.model_dump(include=set(EstimatedPreparation.model_fields))
    return Estimate(
        id=estimate_id,
        href=f"/estimates/{estimate_id}",
        project=project,
        made_at=call.now,
        region=wiring.settings().region,
        trainer=spec.trainer,
        base_model=spec.base_model,
        likely_usd=None,
        low_usd=None,
        high_usd=None,
        worst_case_usd=None,
        cap_usd=spec.budget.max_usd,
        likely_hours=None,
        reason=f"{preparation.size} {preparation.training_unknown}",
        refusal=found.refusal,
        price_source=None,
        price_date=None,
        choices=(),
        warnings=preparation.warnings,
        preparation=EstimatedPreparation.model_validate(about),
    )


def _shown(estimate_id: str, project: str, plan: Plan, refusal: str | None) -> Estimate:
    from thriftline.runs.steps.estimated_plan import NOT_ASKED, choice_of

    rate = plan.rungs[0].rate
    return Estimate(
        id=estimate_id,
        href=f"/estimates/{estimate_id}",
        project=project,
        made_at=plan.planned_at,
        region=plan.region,
        trainer=plan.trainer,
        base_model=plan.base_model,
        likely_usd=plan.expected_usd,
        low_usd=plan.expected_low_usd,
        high_usd=plan.expected_high_usd,
        worst_case_usd=plan.worst_case_usd,
        cap_usd=plan.cap_usd,
        likely_hours=plan.expected_hours,
        reason=plan.expected_reason,
        choice=choice_of(plan),
        not_asked=NOT_ASKED,
        refusal=refusal,
        price_source=rate.source,
        price_date=rate.date,
        choices=tuple(
            EstimatedChoice(
                trainer=one.trainer,
                name=one.name,
                chosen=one.chosen,
                low_usd=one.low_usd,
                likely_usd=one.expected_usd,
                high_usd=one.high_usd,
                worst_case_usd=one.worst_case_usd,
                likely_hours=one.expected_hours,
                within_cap=one.within_cap,
            )
            for one in plan.quotes
        ),
        warnings=plan.warnings,
    )
