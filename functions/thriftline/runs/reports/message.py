"""The message that a person gets when a run has ended."""

from collections.abc import Mapping
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.message import Message, Tone, facts_of
from thriftline.core.text import plain, plain_lines
from thriftline.runs.reports.advice import Status, advice_of

_HEADLINES: Mapping[Status, str] = {
    "succeeded": "succeeded",
    "not_promoted": "trained a model that was not promoted",
    "rejected": "was rejected",
    "failed": "failed",
}
_TONES: Mapping[Status, Tone] = {
    "succeeded": "good",
    "not_promoted": "notice",
    "rejected": "problem",
    "failed": "problem",
}
_MEANWHILE: Mapping[Status, str] = {
    "not_promoted": "The model in use stays in use. The report shows how the two compare.",
    "failed": "No job is still running.",
}


@dataclass(frozen=True)
class EndedRun:
    """What the message says of a run. What is not known is None."""

    run_id: str
    project: str | None
    status: Status
    reason: str
    state: str | None
    error: str | None
    uploaded: str
    metrics: str | None
    billed_usd: Decimal | None
    expected_usd: Decimal | None
    worst_case_usd: Decimal | None
    spot_saving: float | None
    model_package_arn: str | None
    report: str
    left_out: tuple[str, ...] = ()
    expected_range_usd: tuple[Decimal, Decimal] | None = None
    budget: str | None = None
    routing: str | None = None
    prepared: str | None = None
    prepared_usd: Decimal | None = Decimal(0)


def message_of(ended: EndedRun) -> Message:
    """Returns the message; mail has its text, chat its facts."""
    return Message(
        kind="run",
        tone=_TONES[ended.status],
        thread=ended.run_id,
        title=_subject(ended),
        sentence=_headline(ended),
        detail=ended.reason,
        facts=facts_of(
            {
                "State": ended.state and f"{ended.state} ({ended.error})",
                "Data set": ended.uploaded,
                "Prepared": ended.prepared,
                "Left out": ", ".join(ended.left_out),
                "Test": ended.metrics,
                "Ways": ended.routing,
                "Budget": ended.budget,
                "Model": ended.model_package_arn,
                "Report": ended.report,
            }
        ),
        dollars=_cost(ended),
        next_steps=(*_advice(ended), f"Look at it: thriftline runs get {ended.run_id}"),
        text=_text(ended),
    )


def _headline(ended: EndedRun) -> str:
    sentence = f"Run {ended.run_id} {_HEADLINES[ended.status]}"
    if ended.status == "rejected":
        sentence += f"; {spent_text(ended.prepared_usd)}"
    return f"{sentence}."


def spent_text(prepared_usd: Decimal | None) -> str:
    """Returns what a run that never trained has spent, which only its preparation can have."""
    if prepared_usd is None:
        return "what its preparation cost is not known yet"
    return f"its preparation cost {_usd(prepared_usd)}" if prepared_usd else "nothing was spent"


def _subject(ended: EndedRun) -> str:
    """One line for the subject of an e-mail."""
    short = {"not_promoted": "not promoted"}.get(ended.status, ended.status)
    where = f" in {ended.state}" if ended.state else ""
    return f"Thriftline: {ended.project or ended.run_id} {short}{where}"


def _text(ended: EndedRun) -> str:
    """A few lines: what happened, where, why, what to do, what it cost, where to read on."""
    lines = [_headline(ended), "", plain_lines(ended.reason), ""]
    if ended.state:
        lines.append(f"State:    {ended.state} ({plain(ended.error)})")
    lines.append(f"Data set: {plain(ended.uploaded, 1_100)}")
    for name, value in (
        ("Prepared", ended.prepared),
        ("Left out", _left_out(ended)),
        ("Test", ended.metrics),
        ("Cost", _cost(ended)),
        ("Ways", ended.routing),
        ("Budget", ended.budget),
        ("Model", ended.model_package_arn),
    ):
        if value:
            lines.append(f"{name + ':':9} {value}")
    lines.append(f"Report:   {ended.report}")
    if advice := _advice(ended):
        lines += ["", " ".join(advice)]
    return "\n".join(lines) + "\n"


def _left_out(ended: EndedRun) -> str | None:
    names = ", ".join(plain(name) for name in ended.left_out)
    return f"{names} (not read)" if names else None


def _advice(ended: EndedRun) -> tuple[str, ...]:
    advice = (_MEANWHILE.get(ended.status, ""), advice_of(ended.status, ended.error))
    return tuple(filter(None, advice))


def _cost(ended: EndedRun) -> str:
    parts = ["not known yet" if ended.billed_usd is None else f"{_usd(ended.billed_usd)} billed"]
    if ended.expected_usd is not None:
        parts.append(f"{_usd(ended.expected_usd)} expected{_range(ended.expected_range_usd)}")
    if ended.worst_case_usd is not None:
        parts.append(f"{_usd(ended.worst_case_usd)} at the most")
    if ended.spot_saving:
        parts.append(f"Spot saved {ended.spot_saving:.0%}")
    return ", ".join(parts)


def _range(ends: tuple[Decimal, Decimal] | None) -> str:
    return f" ({_usd(ends[0])} to {_usd(ends[1])})" if ends else ""


def _usd(amount: Decimal) -> str:
    small = Decimal(0) < amount < Decimal("0.1")
    return f"${amount.quantize(Decimal('0.0001' if small else '0.01'))}"
