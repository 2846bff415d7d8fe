"""The ordered versions of an endpoint: what serves, and what can be brought back."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from thriftline.core.dataclass import dataclass


@dataclass(frozen=True)
class EndpointState:
    """What is known of one endpoint.

    ``in_use`` is the number of its entry among the versions; None before the first deployment.
    Who holds the lock may change the endpoint until ``lock_until``. Dollars are those of the last
    deployment: of an instance, and of a month at the most; None where they are not known.
    ``instances`` is the most that the last deployment allows.
    """

    endpoint: str
    project: str
    kind: str
    in_use: int | None = None
    lock_owner: str | None = None
    lock_until: datetime | None = None
    asleep: bool = False
    usd_per_hour: Decimal | None = None
    month_usd: Decimal | None = None
    instances: int | None = None

    def is_locked_by_another(self, owner: str, now: datetime) -> bool:
        """Whether somebody else may change the endpoint now."""
        held = self.lock_owner is not None and self.lock_until is not None
        return held and self.lock_owner != owner and bool(self.lock_until and now < self.lock_until)


@dataclass(frozen=True)
class EndpointVersion:
    """One entry of an endpoint's history: everything that it takes to serve it again.

    ``former`` is the entry that was in use before it. ``registry_version`` is the number in the
    model registry. A multi-model endpoint has a ``target_model``; one of components has the
    component's name and its specification as JSON.
    """

    number: int
    config: str
    model_name: str
    model_package_arn: str
    registry_version: int
    image: str
    artifact_uri: str
    who: str
    when: datetime
    why: str
    deployment_id: str
    kind: str = "real-time"
    former: int | None = None
    target_model: str | None = None
    component: str | None = None
    specification: str | None = None

    def specification_document(self) -> dict[str, Any] | None:
        """Returns the component's specification."""
        if self.specification is None:
            return None
        document: dict[str, Any] = json.loads(self.specification)
        return document

    @staticmethod
    def specification_text(document: Mapping[str, Any] | None) -> str | None:
        """Returns a specification as it is kept."""
        return None if document is None else json.dumps(document, sort_keys=True)


def version_key(number: int) -> str:
    """Returns the sort key of an entry; keys sort as numbers do."""
    return f"version#{number:06d}"


def next_number(versions: Iterable[EndpointVersion]) -> int:
    """Returns the number of the entry after all that there are."""
    return max((one.number for one in versions), default=0) + 1
