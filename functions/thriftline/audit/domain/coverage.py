"""What an audit could have seen: the silence of a rule that could not look means nothing."""

from collections.abc import Collection, Iterable, Mapping

from thriftline.audit.domain.digest import Digest
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.rules.registry import rule_of
from thriftline.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class _UnseenParts:
    """Of one target: rules without an answer, kinds cut short, resources that were not read."""

    rules: frozenset[str]
    kinds: frozenset[ResourceKind]
    resources: frozenset[str]


class AuditCoverage:
    """Tells of a finding's id whether the audit would have told it, were it there."""

    def __init__(self, digests: Iterable[Digest], rules: Collection[str] | None) -> None:
        """Takes the targets that were audited and the rules that were asked for (None: all)."""
        self._rules = rules
        self._targets: Mapping[tuple[str, str], _UnseenParts] = {
            (digest.account, digest.region): _blind(digest) for digest in digests
        }

    def could_see(self, finding: str) -> bool:
        """Whether the target was audited, and the rule could look at the resource."""
        rule, account, region, resource = [*finding.split("|", 3), "", "", ""][:4]
        blind = self._targets.get((account, region))
        if blind is None or rule in blind.rules:
            return False
        if self._rules is not None and rule not in self._rules:
            return False
        try:
            needs = rule_of(rule).needs
        except KeyError:
            return False
        if needs & blind.kinds:
            return False
        return blind.resources.isdisjoint({resource, resource.split("/", 1)[0]})


def _blind(digest: Digest) -> _UnseenParts:
    named = [one.resource for one in digest.unknown if one.resource != "*"]
    return _UnseenParts(
        frozenset(gap.rule for gap in digest.gaps if not gap.evaluated),
        frozenset(one.kind for one in digest.unknown if one.resource == "*"),
        # An unread metric is named by endpoint/variant, an unread model by its ARN.
        frozenset(
            part for one in named for part in (one, one.split("/", 1)[0], one.split("/")[-1])
        ),
    )
