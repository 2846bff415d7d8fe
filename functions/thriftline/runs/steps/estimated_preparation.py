"""What the preparation of a run would cost, and what is not known of its training before it."""

from decimal import Decimal

from thriftline.core.errors import ThriftlineError
from thriftline.runs.domain.preparation import PreparationWork
from thriftline.runs.domain.prepared_money import Limit, admit_quote, money_of, most_usd
from thriftline.runs.domain.quotes import round_up
from thriftline.runs.engines.registry import Engines
from thriftline.runs.engines.sizing import size_of, vcpu_time
from thriftline.runs.schemas.estimate import EstimatedPreparation
from thriftline.runs.schemas.prepare_section import PrepareSection
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.steps.choose_engine import ChosenEngine, chosen_engine, worst_of

_SHOWN = Decimal("0.0001")


def estimated_preparation(
    work: PreparationWork, prepare: PrepareSection, spec: RunSpec, engines: Engines
) -> tuple[EstimatedPreparation, str | None]:
    """Returns the engine's quote, and why the run would be refused; None where it would not.

    Where no engine can do it the dollars are unknown. Nobody's budget or quota is asked.
    """
    limit = _limit(prepare, spec)
    try:
        chosen = chosen_engine(work, prepare, engines, limit)
        worst = worst_of(chosen.quote)
    except ThriftlineError as error:
        return _shown(work, spec, None, None, limit), str(error)
    shown = _shown(work, spec, chosen, worst, limit)
    try:
        admit_quote(chosen.quote, worst, limit)
    except ThriftlineError as error:
        return shown, str(error)
    return shown, None


def _limit(prepare: PrepareSection, spec: RunSpec) -> Limit:
    cap = Limit(spec.budget.max_usd, "the cap budget.max_usd")
    return money_of(cap, cap, cap, prepare.max_usd).limit


def _shown(
    work: PreparationWork,
    spec: RunSpec,
    chosen: ChosenEngine | None,
    worst: Decimal | None,
    limit: Limit,
) -> EstimatedPreparation:
    quote = chosen.quote if chosen else None
    likely = quote.likely_usd if quote else None
    return EstimatedPreparation(
        engine=quote.engine if quote else None,
        reason=chosen.reason if chosen else "No engine takes it as it is.",
        advice=chosen.advice if chosen else "",
        left_out=chosen.left_out if chosen else {},
        likely_usd=None if likely is None else likely.quantize(_SHOWN),
        likely_minutes=quote.likely_minutes if quote else None,
        worst_usd=None if worst is None else round_up(worst),
        most_usd=None if worst is None else round_up(most_usd(worst, limit.usd)),
        basis=quote.basis if quote else "",
        warnings=quote.warnings if quote else (),
        files=work.files,
        stored_bytes=work.stored_bytes,
        size=(
            f"{size_of(work.unpacked_bytes)} need about {vcpu_time(work.unpacked_bytes)} of a vCPU "
            "on Spark."
        ),
        training_unknown=(
            "What the training costs, how long it takes and on what it runs is not known before "
            "the data is prepared and its rows are counted. It is planned then, with what the "
            f"preparation leaves of the {spec.budget.max_usd} USD of budget.max_usd. To know it "
            "before: `thriftline prepare run.yaml --data DIR --into OUT` costs nothing, then "
            "estimate what it leaves with the same run.yaml without prepare."
        ),
    )
