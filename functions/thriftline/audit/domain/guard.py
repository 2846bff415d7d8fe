"""Who may not be touched: opt-outs by tag, production, and whatever could not be read."""

import re
from datetime import UTC, date, datetime

from thriftline.audit.domain.facts import Fact, Tags, Unread
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.core.tags import SCHEDULE_TAG

# Where the first word of a tag's value ends: "prod-eu-1" is production, "non-prod" is not.
_WORD_END = re.compile(r"[^a-z0-9]+")


def refusal(tags: Fact[Tags], now: datetime, parameters: AuditParameters) -> str | None:
    """Returns why a resource with these tags is left alone, None if it need not be.

    A keep tag is ``true``, or the last day on which it holds, in ISO form. One that is neither
    keeps too: whoever wrote it wanted to keep something. What sleeps by a schedule is left to it.
    """
    if isinstance(tags, Unread):
        return f"Its tags could not be read: {tags.error}"
    for key, value in tags:
        if _same(key, SCHEDULE_TAG):
            return (
                f"It is tagged {key}={value}: its schedule takes it away and brings it back, and "
                "only a person ends it."
            )
        if _same(key, parameters.keep_tag) and not _is_over(value, now):
            return f"It is tagged {key}={value}."
    for key, value in tags:
        if _is_production(key, value, parameters) and not parameters.act_on_production:
            return f"It is tagged {key}={value}: report only."
    return None


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _is_production(key: str, value: str, parameters: AuditParameters) -> bool:
    if not any(_same(key, one) for one in parameters.production_tags):
        return False
    whole = value.strip().casefold()
    first = _WORD_END.split(whole, maxsplit=1)[0]
    return any(one.strip().casefold() in (whole, first) for one in parameters.production_values)


def _is_over(keep: str, now: datetime) -> bool:
    try:
        return date.fromisoformat(keep.strip()) < now.date()
    except ValueError:
        pass
    try:
        until = datetime.fromisoformat(keep.strip())
    except ValueError:
        return False
    return (until if until.tzinfo else until.replace(tzinfo=UTC)) < now


def marked_at(tags: Fact[Tags], parameters: AuditParameters) -> datetime | None:
    """Returns when a resource was marked, None without a mark or with one that is no instant."""
    text = "" if isinstance(tags, Unread) else dict(tags).get(parameters.mark_tag, "")
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.tzinfo else None
