"""The small services that a run calls, in memory."""

import json
from typing import Any

from tests.virtual_time.refusals import refusal


class MemoryServices:
    """What was published and put on the bus; what is not known about markets and quotas."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.quotas: list[dict[str, Any]] = []

    def publish(self, **arguments: Any) -> dict[str, Any]:
        self.messages.append(str(arguments["Subject"]))
        return {"MessageId": str(len(self.messages))}

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.events += [{**one, "Detail": json.loads(one["Detail"])} for one in Entries]
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in Entries]}

    def get_secret_value(self, *, SecretId: str) -> dict[str, Any]:
        return {"SecretString": "a secret of forty characters and some more"}

    def describe_images(self, **_: Any) -> Any:
        raise refusal("DescribeImages", "RepositoryNotFoundException")

    def describe_spot_price_history(self, **_: Any) -> dict[str, Any]:
        return {"SpotPriceHistory": []}

    def get_spot_placement_scores(self, **_: Any) -> dict[str, Any]:
        return {"SpotPlacementScores": []}

    def list_service_quotas(self, **_: Any) -> dict[str, Any]:
        return {"Quotas": self.quotas}

    def get_service_quota(self, **_: Any) -> dict[str, Any]:
        return {"Quota": {"Value": 64.0}}

    def get_aws_default_service_quota(self, **_: Any) -> dict[str, Any]:
        return {"Quota": {"Value": 16.0}}

    def list_aws_default_service_quotas(self, **_: Any) -> dict[str, Any]:
        return {"Quotas": []}
