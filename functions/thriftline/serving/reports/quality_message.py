"""The message about a breach of live quality; it names no text, and what can be done."""

from collections.abc import Iterable

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
) -> tuple[str, str]:
    """Returns subject and text."""
    subject = f"Thriftline: live quality of {hour.endpoint} has changed"
    lines = [
        f"Endpoint {hour.endpoint} (project {hour.project}, version {hour.version}), "
        f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC:",
        "",
    ]
    for name in opened:
        variant, _, breach = name.partition(":")
        lines.append(f"- {_sentence(variant, breach, window.variants[variant])}")
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
    return subject, "\n".join(lines) + "\n"


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
