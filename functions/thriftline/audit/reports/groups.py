"""Things that are alike, told once: what could not be read, and what is to be done."""

from collections import defaultdict
from collections.abc import Iterable

from thriftline.audit.reports.words import deed, kind_name
from thriftline.audit.schemas.report_parts import ReportAction, ReportGap, ReportUnknown
from thriftline.core.dataclass import dataclass
from thriftline.core.text import plain
from thriftline.core.wording import counted

_NAMED = 5


@dataclass(frozen=True)
class UnknownGroup:
    """Resources that one call failed for with one error."""

    what: str
    where: str
    operation: str
    error: str
    names: str
    advice: str


@dataclass(frozen=True)
class ActionGroup:
    """Actions of one kind that stand alike; ``one`` is the first, and the only one if it is."""

    title: str
    one: ReportAction
    names: str
    number: int


@dataclass(frozen=True)
class GapGroup:
    """A rule without an answer, and for how many targets."""

    rule: str
    where: str
    reasons: str


def group_unknown(unknown: Iterable[ReportUnknown]) -> list[UnknownGroup]:
    """Returns the groups, in the order of their first member."""
    groups: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for one in unknown:
        where = f"{one.account} {one.region}" if one.account else "artifacts bucket"
        groups[one.resource_type, where, one.operation, one.error].append(one.resource)
    return [
        UnknownGroup(
            what=_what(kind, names),
            where=where,
            operation=operation,
            error=error,
            names=_names(names),
            advice=_advice(operation, error),
        )
        for (kind, where, operation, error), names in groups.items()
    ]


def _what(kind: str, names: list[str]) -> str:
    if names == ["*"]:
        return f"all {kind_name(kind, 2)}, or the rest of them"
    return f"{len(names):,} {kind_name(kind, len(names))}"


def _names(names: list[str]) -> str:
    named = [plain(name, 120) for name in dict.fromkeys(names) if name != "*"]
    more = f" and {len(named) - _NAMED:,} more" if len(named) > _NAMED else ""
    return f"{', '.join(named[:_NAMED])}{more}"


def group_actions(actions: Iterable[ReportAction]) -> list[ActionGroup]:
    """Returns the actions; those that were done, or have a grace, each by itself."""
    groups: dict[tuple[object, ...], list[ReportAction]] = defaultdict(list)
    for one in actions:
        alike = (one.action, one.step, one.account, one.region, one.withheld, one.executes)
        apart = one.index if one.result or one.due else None
        groups[*alike, apart].append(one)
    return [
        ActionGroup(deed(some[0]), some[0], _names([one.resource for one in some]), len(some))
        for some in groups.values()
    ]


def _advice(operation: str, error: str) -> str:
    """Returns what to do about the commonest errors, nothing for others."""
    if "AccessDenied" in error or "not authorized" in error or "Forbidden" in error:
        return f"Give the audit's role the permission for {operation}."
    if "Throttl" in error or "Rate exceeded" in error or "SlowDown" in error:
        return "AWS asked to slow down; the next audit tries again."
    return ""


def group_gaps(gaps: Iterable[ReportGap]) -> list[GapGroup]:
    """Returns the rules that have no answer for some target."""
    blind: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for gap in gaps:
        if not gap.evaluated:
            blind[gap.rule, gap.reasons].append(f"{gap.account} {gap.region}")
    return [
        GapGroup(
            rule, where[0] if len(where) == 1 else counted(len(where), "target"), "; ".join(why)
        )
        for (rule, why), where in blind.items()
    ]
