"""The plan of a run that nobody starts, by every way to train that needs no account to price."""

from collections.abc import Sequence
from datetime import datetime

from thriftline.runs.domain.affordable import Room
from thriftline.runs.domain.encoders import WELL_KNOWN
from thriftline.runs.domain.quotes import Quote, admit
from thriftline.runs.domain.router import Routing
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.run_spec import AUTO
from thriftline.runs.steps.dataset_volume import DatasetVolume
from thriftline.runs.steps.plan_run import plan_document, require_splits
from thriftline.runs.steps.route_run import Admitted, Considered, Taken, consider, routing_of, taken
from thriftline.runs.steps.training_work import work_to_plan
from thriftline.runs.trainers.port import Quoter

_BY_THE_HOUR = "instance-hour"
# What a plan knows and no estimate asks for.
NOT_ASKED = (
    "A run's own plan may differ from this estimate of the same file: it also knows the size of "
    "the training image, the project's earlier runs, its champion and the account's quotas."
)


def estimated_plan(
    run: Run, volume: DatasetVolume, quoters: Sequence[Quoter], *, region: str, now: datetime
) -> tuple[Plan, str | None]:
    """Returns the plan, and why the run would be refused as it is; None where it would not.

    No earlier runs and no champion are known here, and nobody's budget is asked.

    Raises:
        ThriftlineError: no way to train has a price for it.
    """
    considered = [_considered(quoter, run, volume) for quoter in quoters]
    routing = routing_of(run, volume, considered)
    found = _shown(routing, considered, run)
    return plan_document(run, found, region=region, now=now), _refusal(found, considered)


def choice_of(plan: Plan) -> str | None:
    """Says why another choice than the cheapest is planned; None where it is the cheapest."""
    known = [one for one in plan.quotes if one.expected_usd is not None and one.within_cap]
    chosen = next((one for one in known if one.chosen), None)
    if chosen is None or not known or plan.rungs[0].rate.unit != _BY_THE_HOUR:
        return None
    cheapest = min(known, key=lambda one: one.expected_usd or chosen.worst_case_usd)
    if cheapest.expected_usd == chosen.expected_usd:
        return None
    like = ", though their ranges touch" if chosen.like_cheapest else ""
    return (
        f"{chosen.name} is taken because training.instance_type of run.yaml names it, or, where "
        f"run.yaml is silent, the stack's DefaultInstanceType; no type is chosen by its price. "
        f"{cheapest.name} would probably cost {cheapest.expected_usd} USD in place of "
        f"{chosen.expected_usd}{like}: say training.instance_type: {cheapest.name} to take it."
    )


def _considered(quoter: Quoter, run: Run, volume: DatasetVolume) -> Considered:
    def work_for(quoter: Quoter) -> TrainingWork:
        require_splits(volume, quoter.inputs)
        encoder = WELL_KNOWN.get(run.spec.base_model) if quoter.abilities.encoder else None
        return work_to_plan(run, quoter.name, volume, encoder, None)

    def admitted(quote: Quote) -> Admitted:
        cap = run.spec.budget.max_usd
        return Admitted(*admit(quote, Room(cap, "the cap budget.max_usd")))

    predictions = run.spec.needs.predictions_per_month or 0
    return consider(quoter, work_for=work_for, admit=admitted, predictions=predictions)


def _shown(routing: Routing, considered: Sequence[Considered], run: Run) -> Taken:
    """Returns the way that is shown: the one that would be taken, else one that has a price.

    Raises:
        ThriftlineError: none has one.
    """
    named = None if run.spec.trainer == AUTO else run.spec.trainer
    for one in considered:
        offer = one.offer
        wanted = named in (None, offer.trainer)
        if routing.chosen is None and wanted and offer.quote and one.work:
            # What is refused for its dollars alone is shown, with the refusal.
            admitted = one.admitted or Admitted(offer.quote.worst_case_usd)
            return Taken(offer, one.work, offer.quote, admitted, routing)
    return taken(routing, considered, named)


def _refusal(found: Taken, considered: Sequence[Considered]) -> str | None:
    """Returns why the run would be refused as it is."""
    if found.routing.chosen is not None:
        return None
    error = next((one.error for one in considered if one.offer is found.offer), None)
    row = found.routing.row(found.offer.trainer)
    return str(error) if error else " ".join(row.reasons if row else ())
