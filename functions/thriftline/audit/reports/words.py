"""The words that an audit's page, text, table and message share."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from thriftline.audit.domain.action_kinds import step_spec
from thriftline.audit.domain.actions import Step
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.domain.resource_kinds import spec_of
from thriftline.audit.schemas.report_parts import ReportAction, ReportFinding
from thriftline.core.reports.pages import UNKNOWN, moment
from thriftline.core.text import has_hidden
from thriftline.core.wording import counted

_CENT = Decimal("0.01")
_KIND_NAMES = frozenset(ResourceKind)


def money(value: Decimal | None) -> str:
    """Returns dollars to the cent, ``< $0.01`` below it, a dash for what is unknown."""
    if value is None:
        return UNKNOWN
    if Decimal(0) < abs(value) < _CENT:
        return f"< ${_CENT}"
    sign = "\u2212" if value < 0 else ""
    return f"{sign}${abs(value).quantize(_CENT, ROUND_HALF_UP):,}"


LIKELY_LARGE = "unknown, likely large"


def worth(finding: ReportFinding) -> str:
    """Returns what a finding saves a month, or how it is unknown."""
    if finding.monthly_usd is not None:
        return f"{money(finding.monthly_usd)} a month"
    is_waste = finding.resource_type is not ResourceKind.COST
    return LIKELY_LARGE if is_waste and finding.severity == "high" else UNKNOWN


def kind_name(kind: str, number: int = 1) -> str:
    """Returns ``training job`` or ``training jobs``."""
    spec = spec_of(ResourceKind(kind)) if kind in _KIND_NAMES else None
    if spec is not None and spec.words is not None:
        return spec.words[number != 1]
    name = kind.replace("_", " ")
    return name if number == 1 else f"{name}s"


def listed(parts: Sequence[str]) -> str:
    """Returns ``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def deed(action: ReportAction) -> str:
    """Returns what is to be done about one resource, as a heading."""
    if action.step is Step.WAIT:
        return "Wait for the grace"
    spec = step_spec(action.action, action.step)
    if spec is not None and spec.heading is not None:
        return spec.heading
    return action.action.replace("_", " ").capitalize()


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
    if step is Step.WAIT:
        return ("wait for the grace of {}", "waited for the grace of {}", "marked endpoint")
    spec = step_spec(action, step)
    if spec is None:
        name = action.replace("_", " ")
        return (f"{name} {{}}", f"{name} {{}}", "resource")
    return (spec.plan, spec.past, spec.noun)


def command(line: str, limit: int = 4000) -> str:
    """Returns a command line that may be copied, or a comment that says where it is.

    A line that is cut, or that hides something, must never be pasted into a shell.
    """
    if len(line) > limit:
        return "# Too long to show here: see change.calls of this finding in report.json."
    if has_hidden(line):
        return "# Holds characters that do not print: see change.calls in report.json."
    return line


def state_of(action: ReportAction) -> str:
    """Returns where an action stands, in words."""
    if action.result:
        return f"{action.result.outcome}: {action.result.reason}"
    if action.withheld:
        return f"held back: {action.withheld}"
    due = f", due {moment(action.due)}" if action.due else ""
    return f"to be done in this run{due}" if action.executes else f"not in this mode{due}"
