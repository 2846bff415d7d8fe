"""A finding: what a rule says about one resource, on what evidence, and the exact change."""

import json
import re
import shlex
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any

from thriftline.audit.domain.facts import ResourceKind
from thriftline.core.dataclass import dataclass

# The names that the CLI has for services that botocore names otherwise.
_CLI_SERVICES = {"s3": "s3api"}
# Where a capital letter begins a new word: ``ARNs`` is one, ``S3Uri`` is "s3-uri".
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Severity(IntEnum):
    """How much it matters, in money or in risk."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Confidence(IntEnum):
    """How sure the evidence is; nothing acts on LOW by itself."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Effort(IntEnum):
    """How much work the change is: one call, a redeployment, or a change of the software."""

    CALL = 1
    DEPLOYMENT = 2
    PROJECT = 3


class ActionKind(StrEnum):
    """What Thriftline can do by itself, when its mode allows."""

    TERMINATE_ENDPOINT = "terminate_endpoint"
    MARK_ENDPOINT = "mark_endpoint"
    UNMARK_ENDPOINT = "unmark_endpoint"
    DELETE_FAILED_ENDPOINT = "delete_failed_endpoint"
    APPLY_LIFECYCLE_RULES = "apply_lifecycle_rules"
    ABORT_UPLOADS = "abort_uploads"
    DELETE_ARTIFACTS = "delete_artifacts"
    TAKE_EXPIRY_AWAY = "take_expiry_away"
    SET_LOG_RETENTION = "set_log_retention"
    STOP_NOTEBOOK = "stop_notebook"
    RELEASE_WARM_POOL = "release_warm_pool"
    TAG_RESOURCE = "tag_resource"


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that was looked at, and what it said."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a finding stands on. ``start`` and ``end`` bound the window that was looked at."""

    signals_used: tuple[Signal, ...]
    signals_missing: tuple[str, ...]
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call of an AWS API, in botocore's names.

    A ``is_partial`` call holds the members to set in a request that the user makes anyway, such
    as the next CreateTrainingJob: it is not whole without the rest.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any]
    is_partial: bool = False

    def cli(self, region: str) -> str:
        """Returns the call as a command line of the AWS CLI."""
        service = _CLI_SERVICES.get(self.service, self.service)
        if self.is_partial:
            body = json.dumps(self.parameters, sort_keys=True)
            return f"# for your next `aws {service} {_kebab(self.operation)}`: {body}"
        words = ["aws", service, _kebab(self.operation), "--region", region]
        for name, value in self.parameters.items():
            words += _option(f"--{_kebab(name)}", value)
        return shlex.join(words)


@dataclass(frozen=True, slots=True)
class Change:
    """What to do, in words and as calls, and how to take it back."""

    text: str
    calls: tuple[ApiCall, ...]
    undo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule says about one resource.

    ``monthly_usd`` is what the change saves a month, None when no price or no measurement says:
    it is never guessed. ``pools`` name the money that the saving comes out of; two findings that
    share a pool cannot both be saved.
    """

    rule: str
    title: str
    resource_type: ResourceKind
    resource: str
    account: str
    region: str
    summary: str
    severity: Severity
    confidence: Confidence
    effort: Effort
    evidence: Evidence
    monthly_usd: Decimal | None
    change: Change
    action: ActionKind | None
    pools: frozenset[str]

    @property
    def id(self) -> str:
        """Names the same finding in every report."""
        return f"{self.rule}|{self.account}|{self.region}|{self.resource}"


def _kebab(name: str) -> str:
    return "-".join(_WORDS.split(name)).lower()


def _option(option: str, value: Any) -> list[str]:
    if isinstance(value, str):
        # A value that begins with a dash would be taken for an option of its own.
        return [f"{option}={value}"] if value.startswith("-") else [option, value]
    return [option, *_argument(value)]


def _argument(value: Any) -> list[str]:
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return list(value)
    return [json.dumps(value, sort_keys=True)]
