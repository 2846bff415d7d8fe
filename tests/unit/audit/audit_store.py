"""An artifacts bucket in memory, and whoever hears of an audit; each can be made to fail."""

import io
import json
from dataclasses import dataclass, field
from typing import Any, cast

from tests.unit.runs.registry_fakes import refusal
from thriftline.audit.domain.actions import ActionPlan
from thriftline.audit.domain.audit import Audit
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.layout import plan_key, report_key, result_key, settings_key
from thriftline.audit.schemas.report import AuditReport
from thriftline.audit.schemas.result import TargetResult, encode_plan, encode_result
from thriftline.audit.schemas.settings import AuditSettings
from thriftline.audit.schemas.steps import AuditRequest, PublishAuditResponse, WriteReportResponse
from thriftline.audit.steps.publish_audit import publish_audit
from thriftline.audit.steps.write_report import write_report
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.topic import Topic


@dataclass
class Store:
    """Is the S3 client, the SNS client and the EventBridge client of the steps."""

    objects: dict[str, bytes] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    messages: list[dict[str, str]] = field(default_factory=list)
    events: list[dict[str, str]] = field(default_factory=list)
    measured: list[tuple[str, float]] = field(default_factory=list)

    @property
    def bucket(self) -> Bucket:
        """The artifacts bucket."""
        return Bucket(cast("Any", self), "artifacts")

    def get_object(self, **request: str) -> dict[str, Any]:
        """Answers GetObject."""
        self._may("GetObject", request["Key"])
        if request["Key"] not in self.objects:
            raise refusal("NoSuchKey", "no such key", "GetObject")
        return {"Body": io.BytesIO(self.objects[request["Key"]])}

    def put_object(self, **request: Any) -> dict[str, Any]:
        """Answers PutObject."""
        self._may("PutObject", request["Key"])
        self.objects[request["Key"]] = request["Body"]
        return {}

    def publish(self, **message: str) -> None:
        """Answers SNS."""
        self._may("Publish", "")
        self.messages.append(message)

    def put_events(self, **request: Any) -> dict[str, Any]:
        """Answers EventBridge."""
        self._may("PutEvents", "")
        self.events += request["Entries"]
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}

    def _may(self, operation: str, key: str) -> None:
        for what in (f"{operation} {key}", key, operation):
            if what and what in self.refused:
                raise refusal(self.refused[what], "no", operation)

    def open(self, settings: AuditSettings) -> None:
        """Leaves what Open audit leaves."""
        self.objects[settings_key(settings.audit_id)] = settings.model_dump_json().encode()

    def put_result(
        self, settings: AuditSettings, found: Inventory, said: Audit, plan: ActionPlan
    ) -> None:
        """Leaves what Apply rules and Plan actions leave of one target."""
        result = TargetResult(said, plan, settings.window, found.costs)
        key = result_key(settings.audit_id, said.account, said.region)
        self.objects[key] = encode_result(result)
        self.objects[plan_key(settings.audit_id)] = encode_plan(plan)

    def write(self, audit_id: str) -> WriteReportResponse:
        """Runs the step Write report."""
        return write_report(AuditRequest(audit_id=audit_id), artifacts=self.bucket)

    def publish_report(self, audit_id: str) -> PublishAuditResponse:
        """Runs the step Publish audit."""
        return publish_audit(
            AuditRequest(audit_id=audit_id),
            artifacts=self.bucket,
            alerts=Topic(cast("Any", self), "arn:topic"),
            bus=EventBus(cast("Any", self), "default"),
            measure=lambda name, value: self.measured.append((name, value)),
        )

    def report(self, audit_id: str) -> AuditReport:
        """Reads the report."""
        return AuditReport.model_validate_json(self.objects[report_key(audit_id, "json")])

    def page(self, audit_id: str, kind: str = "html") -> str:
        """Reads one of the report's pages."""
        return self.objects[report_key(audit_id, kind)].decode()

    def document(self, key: str) -> Any:
        """Reads any JSON document."""
        return json.loads(self.objects[key])
