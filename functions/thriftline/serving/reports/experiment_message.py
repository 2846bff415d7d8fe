"""What people and other systems hear when an experiment has ended."""

from thriftline.core.message import Message, facts_of
from thriftline.serving.schemas.experiment import ExperimentResult

_WORDS = {
    "better": "the challenger is better",
    "worse": "the challenger is worse",
    "no_difference": "no difference",
    "undecided": "undecided",
}


def message_of(result: ExperimentResult, document: str) -> Message:
    """Returns the message."""
    ending = result.ending or "undecided"
    most = result.cost_usd_at_most
    return Message(
        kind="experiment",
        tone="good" if ending == "better" else "notice",
        thread=result.experiment_id,
        title=f"Thriftline: {result.endpoint}: {_WORDS[ending]}",
        sentence=_sentence(result),
        detail=result.reason,
        facts=facts_of(
            {
                "Asked for by": f"{result.requested_by}: {result.why or 'no reason given'}",
                "Error rate": f"{result.alpha:.3g}; {_detectable(result)}",
                "Endpoint": result.after,
                "Notes": " ".join(result.notes),
                "Different answers": result.disagreements_uri,
                "Document": document,
            }
        ),
        dollars=None if most is None else f"At most ${most:.2f} for both variants",
        text=_text(result, document),
    )


def _sentence(result: ExperimentResult) -> str:
    kind = "Shadow test" if result.kind == "shadow" else "A/B test"
    return (
        f"{kind} {result.experiment_id} on {result.endpoint} ({result.project}): version "
        f"{result.challenger.number} against version {result.champion.number}, which serves."
    )


def _text(result: ExperimentResult, document: str) -> str:
    lines = [
        _sentence(result),
        "",
        result.reason,
        "",
        f"Asked for by {result.requested_by}: {result.why or 'no reason given'}",
        f"Error rate {result.alpha:.3g}; {_detectable(result)}",
        result.after,
    ]
    if result.cost_usd_at_most is not None:
        lines.append(f"Both variants until the deadline: at most {result.cost_usd_at_most:.2f} USD")
    if result.disagreements_uri:
        lines.append(f"Texts that the models answer differently: {result.disagreements_uri}")
    return "\n".join([*lines, *result.notes, "", f"Document: {document}", ""])


def _detectable(result: ExperimentResult) -> str:
    least = result.least_detectable_difference
    if least is None:
        return "so few requests would have shown no difference"
    return f"so many would have shown a difference of {100 * least:.2f} points"
