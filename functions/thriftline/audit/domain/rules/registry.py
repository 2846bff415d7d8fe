"""All rules, in the order of the report's pages."""

from thriftline.audit.domain.rules import (
    artifacts,
    bedrock,
    buckets,
    clusters,
    consolidation,
    endpoint_capacity,
    endpoints,
    expiry,
    hosting,
    hygiene,
    runs,
    serving,
    spend,
    throughputs,
    tokens,
    training,
    training_settings,
    volumes,
    warm_pools,
)
from thriftline.audit.domain.rules.rule import Rule

RULES: tuple[Rule, ...] = (
    *endpoints.RULES,
    *endpoint_capacity.RULES,
    *hosting.RULES,
    *consolidation.RULES,
    *training.RULES,
    *training_settings.RULES,
    *warm_pools.RULES,
    *clusters.RULES,
    *throughputs.RULES,
    *bedrock.RULES,
    *tokens.RULES,
    *buckets.RULES,
    *artifacts.RULES,
    *expiry.RULES,
    *hygiene.RULES,
    *volumes.RULES,
    *spend.RULES,
    *runs.RULES,
    *serving.RULES,
)


_BY_ID = {rule.id: rule for rule in RULES}


def rule_of(rule_id: str) -> Rule:
    """Returns a rule by its id.

    Raises:
        KeyError: there is no such rule.
    """
    return _BY_ID[rule_id]
