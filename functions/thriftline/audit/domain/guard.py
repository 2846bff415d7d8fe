"""Who may not be touched: opt-outs by tag, production, and whatever could not be read."""

from datetime import UTC, date, datetime

from thriftline.audit.domain.facts import Fact, Tags, Unread
from thriftline.audit.domain.parameters import AuditParameters


def refusal(tags: Fact[Tags], now: datetime, parameters: AuditParameters) -> str | None:
    """Returns why a resource with these tags is left alone, None if it need not be.

    A keep tag is ``true``, or the last day on which it holds, in ISO form. One that is neither
    keeps too: whoever wrote it wanted to keep something.
    """
    if isinstance(tags, Unread):
        return f"Its tags could not be read: {tags.error}"
    values = dict(tags)
    keep = values.get(parameters.keep_tag)
    if keep is not None and not _is_over(keep, now):
        return f"It is tagged {parameters.keep_tag}={keep}."
    production = values.get(parameters.production_tag, "").strip().lower()
    if production in parameters.production_values and not parameters.act_on_production:
        return f"It is tagged {parameters.production_tag}={production}: report only."
    return None


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
