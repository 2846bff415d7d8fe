"""Bedrock's quotas of model customization, by the names that programs find them by.

The names for deployments' requests and tokens are AWS's; the others are ours, since AWS's were not
seen. Nova's values on AWS are not known either: those here are made up, Llama 3.3's were seen.
"""

from collections.abc import Mapping
from functools import cache

from local_aws.bedrock.base_models import customizable_models

SERVICE = "bedrock"
_PREFIX = "(Model customization)"
DEPLOYMENTS = f"{_PREFIX} Custom model deployments per account"
CUSTOM_MODELS = f"{_PREFIX} Custom models per account"
JOBS = f"{_PREFIX} Scheduled customization jobs"


def requests_per_minute(model: str) -> str:
    """Return the name of the quota for deployments of models of a base (its quota name)."""
    return f"{_PREFIX} Sum of on demand custom model deployment requests per minute for {model}"


def tokens_per_minute(model: str) -> str:
    """Return the name of the quota of tokens a minute."""
    return f"{_PREFIX} Sum of on demand custom model deployment tokens per minute for {model}"


def tokens_per_day(model: str) -> str:
    """Return the name of the quota of tokens a day."""
    return f"{_PREFIX} Sum of on demand custom model deployment tokens per day for {model}"


def model_units(model: str) -> str:
    """Return the name of the quota of model units without a commitment."""
    return f"No-commitment model units for Provisioned Throughput created for custom model {model}"


@cache
def defaults() -> Mapping[str, int]:
    """Return every quota with the value that an account has where nothing is set."""
    found = {DEPLOYMENTS: 10, CUSTOM_MODELS: 100, JOBS: 10}
    for model in customizable_models():
        # On AWS all of these are 0 until one asks.
        found[model_units(model.quota_name)] = 0
        if model.deployable:
            found |= {
                requests_per_minute(model.quota_name): model.requests_per_minute,
                tokens_per_minute(model.quota_name): model.tokens_per_minute,
                tokens_per_day(model.quota_name): model.tokens_per_day,
            }
    return found
