"""One target audited from end to end: every part collected, put together, and looked at."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from local_aws.server import EmbeddedAws
from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.actions import ActionPlan
from thriftline.audit.domain.audit import Audit, audit
from thriftline.audit.domain.idle import idle_window
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.layout import inventory_key, part_key, settings_key
from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.domain.parts import PARTS, Part, Scope
from thriftline.audit.schemas.inventory import decode_inventory
from thriftline.audit.schemas.settings import AuditSettings, Target
from thriftline.audit.schemas.steps import CollectRequest, TargetRequest
from thriftline.audit.steps.assemble_inventory import assemble_inventory
from thriftline.audit.steps.collect_part import collect_part
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.target_clients import TargetClients
from thriftline.money.price_catalogue import price_catalogue

AUDIT = "2025-11-03T120000Z-test"


@dataclass
class Auditor:
    """Audits one account and region of an embedded AWS; its artifacts lie in the stack's bucket."""

    aws: EmbeddedAws
    clients: TargetClients
    account: str
    now: Any
    scope: Scope = Scope.ACCOUNT
    parameters: AuditParameters = field(default_factory=AuditParameters)

    @property
    def artifacts(self) -> Bucket:
        return Bucket(self.aws.client("s3"), self.aws.outputs["UploadsName"])

    @property
    def target(self) -> Target:
        return Target(account=self.account, region=self.clients.region)

    def open(self) -> None:
        """Writes the settings that the steps read."""
        settings = AuditSettings(
            audit_id=AUDIT,
            scope=self.scope,
            started=self.now,
            window=idle_window(self.now, 30),
            mode=Mode.ACT,
            asked_mode=Mode.ACT,
            allowed_mode=Mode.ACT,
            rules=None,
            parameters=self.parameters,
            targets=(self.target,),
        )
        self.artifacts.write_json(settings_key(AUDIT), settings.model_dump_json())

    def collect(self) -> None:
        """Collects every part."""
        for part in PARTS[self.scope]:
            self.collect_one(part)

    def collect_one(self, part: Part) -> None:
        """Collects one part."""
        request = CollectRequest(audit_id=AUDIT, target=self.target, part=part)
        collect_part(request, artifacts=self.artifacts, clients=self.clients)

    @contextmanager
    def kept(self, part: Part) -> Iterator[str]:
        """Yields where a part lies, and puts it back as it was in the end."""
        key = part_key(AUDIT, self.account, self.clients.region, part)
        before = self.artifacts.read(key)
        assert before is not None
        yield key
        self.artifacts.write(key, before, "application/json")

    def assemble(self) -> Inventory:
        """Puts the parts together."""
        request = TargetRequest(audit_id=AUDIT, target=self.target)
        assemble_inventory(request, artifacts=self.artifacts, clients=self.clients)
        body = self.artifacts.read(inventory_key(AUDIT, self.account, self.clients.region))
        assert body is not None
        return decode_inventory(body)

    def inventory(self) -> Inventory:
        """Collects and assembles."""
        self.open()
        self.collect()
        return self.assemble()


def told_of(found: Inventory) -> Audit:
    """Returns what all rules say."""
    return audit(found, price_catalogue(), AuditParameters())


def planned_for(found: Inventory) -> ActionPlan:
    """Returns what would be done in the mode that acts."""
    return plan_actions(told_of(found).findings, found, AuditParameters(), Mode.ACT)
