"""The words that an audit's page, text, table and message share."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from thriftline.domain.audit.actions import Step
from thriftline.domain.audit.facts import ResourceKind
from thriftline.domain.audit.findings import ActionKind
from thriftline.schemas.audit_report_parts import ReportAction

# What does not print, hides, or turns the order of what follows: shown by its number instead.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

_KINDS = {
    ResourceKind.STUDIO_APP: ("Studio app", "Studio apps"),
    ResourceKind.BEDROCK_MODEL: ("Bedrock model", "Bedrock models"),
    ResourceKind.PROVISIONED_THROUGHPUT: ("provisioned throughput", "provisioned throughputs"),
    ResourceKind.COST: ("bill", "bills"),
}

# What is done to how many: before it is done, and when it was done.
_DEEDS = {
    (ActionKind.TERMINATE_ENDPOINT, Step.MARK): (
        "mark {} for termination",
        "marked {} for termination",
        "idle endpoint",
    ),
    (ActionKind.TERMINATE_ENDPOINT, Step.EXECUTE): (
        "terminate {}",
        "terminated {}",
        "idle endpoint",
    ),
    (ActionKind.MARK_ENDPOINT, Step.MARK): (
        "mark {} that only missing datapoints call idle",
        "marked {} that only missing datapoints call idle",
        "endpoint",
    ),
    (ActionKind.UNMARK_ENDPOINT, Step.MARK): (
        "take the mark off {}",
        "took the mark off {}",
        "endpoint",
    ),
    (ActionKind.DELETE_FAILED_ENDPOINT, Step.EXECUTE): (
        "delete {}",
        "deleted {}",
        "failed endpoint",
    ),
    (ActionKind.APPLY_LIFECYCLE_RULES, Step.EXECUTE): (
        "add lifecycle rules to {}",
        "added lifecycle rules to {}",
        "bucket",
    ),
    (ActionKind.ABORT_UPLOADS, Step.EXECUTE): (
        "abort the old uploads of {}",
        "aborted the old uploads of {}",
        "bucket",
    ),
    (ActionKind.DELETE_ARTIFACTS, Step.EXECUTE): (
        "delete {}",
        "deleted {}",
        "orphaned prefix",
    ),
    (ActionKind.SET_LOG_RETENTION, Step.EXECUTE): (
        "set the retention of {}",
        "set the retention of {}",
        "log group",
    ),
    (ActionKind.STOP_NOTEBOOK, Step.EXECUTE): ("stop {}", "stopped {}", "notebook"),
    (ActionKind.TAG_RESOURCE, Step.EXECUTE): ("tag {}", "tagged {}", "resource"),
}


def plain(text: object, limit: int = 300) -> str:
    """Returns a name or a reason as one line that shows what it holds and hides nothing.

    Line breaks become spaces; characters that do not print, or that turn the reading order of
    what follows, become their number; what is longer than ``limit`` ends in an ellipsis.
    """
    shown = "".join(_shown(letter) for letter in str(text)[: 4 * limit])
    line = " ".join(shown.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _shown(letter: str) -> str:
    if letter in "\t\n\r\v\f":
        return " "
    if unicodedata.category(letter) in _HIDDEN:
        return f"\\u{ord(letter):04x}"
    return letter


def kind_name(kind: str, number: int = 1) -> str:
    """Returns ``training job`` or ``training jobs``."""
    if kind in _KINDS:
        return _KINDS[ResourceKind(kind)][number != 1]
    name = kind.replace("_", " ")
    return name if number == 1 else f"{name}s"


def counted(number: int, noun: str) -> str:
    """Returns ``1 endpoint``, ``2,000 endpoints``, ``3 orphaned prefixes``."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun}{'es' if noun.endswith('x') else 's'}"


def listed(parts: Sequence[str]) -> str:
    """Returns ``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def deed(action: ReportAction) -> str:
    """Returns what is to be done about one resource, as a heading."""
    before = _words(action.action, action.step)[0]
    return before.format("").replace("  ", " ").strip().removesuffix(" of").removesuffix(" to")


def deeds(actions: Iterable[ReportAction], *, done: bool = False) -> str:
    """Returns ``mark 1 idle endpoint for termination and delete 17 failed endpoints``."""
    numbers = Counter((one.action, one.step) for one in actions)
    return listed(
        [
            _words(*key)[done].format(counted(number, _words(*key)[2]))
            for key, number in numbers.items()
        ]
    )


def _words(action: ActionKind, step: Step) -> tuple[str, str, str]:
    name = action.replace("_", " ")
    if step is Step.WAIT:
        return ("wait for the grace of {}", "waited for the grace of {}", "marked endpoint")
    return _DEEDS.get((action, step), (f"{name} {{}}", f"{name} {{}}", "resource"))
