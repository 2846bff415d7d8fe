"""What people and other systems hear when an experiment has ended."""

from thriftline.serving.schemas.experiment import ExperimentResult

EVENT_SOURCE = "thriftline.serving"
ENDED = "ExperimentEnded"
_WORDS = {
    "better": "the challenger is better",
    "worse": "the challenger is worse",
    "no_difference": "no difference",
    "undecided": "undecided",
}


def subject_of(result: ExperimentResult) -> str:
    """Returns the subject of the message."""
    return f"Thriftline: {result.endpoint}: {_WORDS[result.ending or 'undecided']}"


def body_of(result: ExperimentResult, document: str) -> str:
    """Returns the message."""
    kind = "Shadow test" if result.kind == "shadow" else "A/B test"
    lines = [
        f"{kind} {result.experiment_id} on {result.endpoint} ({result.project}): version "
        f"{result.challenger.number} against version {result.champion.number}, which serves.",
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
