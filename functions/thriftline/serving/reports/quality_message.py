"""The message about a breach of live quality; it names no text, and what can be done."""

from collections.abc import Iterable

from thriftline.core.message import Message, facts_of
from thriftline.serving.schemas.quality import HourQuality, VariantWindow, WindowVerdict

_MEANINGS = {
    "labels": "the shares of the labels",
    "confidence": "how sure the model is",
    "text_length": "the length of the texts",
    "unknown_words": "the share of words that the training data did not have",
    "truncated": "the share of texts that are cut",
}


def breach_message(
    hour: HourQuality, window: WindowVerdict, opened: Iterable[str], document: str
) -> Message:
    """Returns the message, in the conversation of its endpoint."""
    title = f"Thriftline: live quality of {hour.endpoint} has changed"
    sentences = [
        _sentence(variant, breach, window.variants[variant])
        for variant, _, breach in (name.partition(":") for name in opened)
    ]
    back = f"thriftline endpoints rollback {hour.project} --endpoint {hour.endpoint}"
    lines = [
        f"Endpoint {hour.endpoint} (project {hour.project}, version {hour.version}), "
        f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC:",
        "",
    ]
    lines += [f"- {one}" for one in sentences]
    lines += [
        "",
        f"At most {window.false_alarm_rate:.0%} of windows without drift alarm like this. It is "
        "said once; the next message comes after it has ended and begins again.",
        "",
        "What can be done: label some of the captured requests and train again with them, or "
        "bring the former version back:",
        f"  thriftline endpoints rollback {hour.project} --endpoint {hour.endpoint}",
        "",
        f"Details: {document}",
    ]
    return Message(
        kind="quality",
        tone="problem",
        thread=f"quality {hour.endpoint}",
        title=title,
        sentence=f"The live quality of {hour.endpoint} has changed (version {hour.version}).",
        detail="\n".join(sentences),
        facts=facts_of(
            {
                "Project": hour.project,
                "Window": f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC",
                "False alarms": f"at most {window.false_alarm_rate:.0%} of windows without drift",
                "Details": document,
            }
        ),
        next_steps=(
            "Label some of the captured requests and train again with them.",
            f"Or bring the former version back: {back}",
        ),
        text="\n".join(lines) + "\n",
    )


def _sentence(variant: str, breach: str, window: VariantWindow) -> str:
    kind, _, signal = breach.partition(":")
    if kind == "accuracy" and window.live_accuracy:
        live = window.live_accuracy
        return (
            f"{variant}: live accuracy is {live.share:.3f} of {live.rows} labelled texts "
            f"(95 % interval {live.low:.3f} to {live.high:.3f}), below what serve.yaml wants."
        )
    found = next(one for one in window.signals if one.name == signal)
    meaning = _MEANINGS.get(signal, signal)
    return f"{variant}: {meaning} differ from the test split's ({found.level}). {found.reason}"
