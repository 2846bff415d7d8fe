"""One audit by Thriftline's own steps, part after part in one process; prints what it found.

On Lambda the parts run side by side, each in a process of its own.
"""

import json
import sys
import time
from datetime import datetime

from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.idle import Verdict, idle_window
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.layout import inventory_key, settings_key
from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.domain.parts import Part, Scope
from thriftline.audit.schemas.inventory import decode_inventory
from thriftline.audit.schemas.settings import AuditSettings, Target
from thriftline.audit.schemas.steps import CollectRequest, TargetRequest
from thriftline.audit.steps.assemble_inventory import assemble_inventory
from thriftline.audit.steps.collect_part import collect_part
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.clients import client
from thriftline.core.aws.target_clients import TargetClients
from thriftline.money.price_catalogue import price_catalogue

_AUDIT = "benchmark"
_DAYS = 30


def main() -> None:
    """Audit the account that the arguments name."""
    account, region, now_text, bucket = sys.argv[1:5]
    now = datetime.fromisoformat(now_text)
    target = Target(account=account, region=region)
    settings = AuditSettings(
        audit_id=_AUDIT,
        scope=Scope.ACCOUNT,
        started=now,
        window=idle_window(now, _DAYS),
        mode=Mode.REPORT,
        asked_mode=Mode.REPORT,
        allowed_mode=Mode.REPORT,
        rules=None,
        parameters=AuditParameters(),
        targets=(target,),
    )
    artifacts = Bucket(client("s3"), bucket)
    artifacts.write_json(settings_key(_AUDIT), settings.model_dump_json())
    clients, seconds, payload = TargetClients(region), {}, 0
    begun = time.perf_counter()
    for part in Part:
        request = CollectRequest(audit_id=_AUDIT, target=target, part=part)
        collected = collect_part(request, artifacts=artifacts, clients=clients)
        payload = max(payload, len(request.model_dump_json()), len(collected.model_dump_json()))
        seconds[str(part)], begun = _since(begun)
    whole = TargetRequest(audit_id=_AUDIT, target=target)
    assemble_inventory(whole, artifacts=artifacts, clients=clients)
    seconds["metrics, assembling"], begun = _since(begun)
    body = artifacts.read(inventory_key(_AUDIT, account, region))
    if body is None:
        raise SystemExit("nothing was assembled")
    found = decode_inventory(body)
    told = audit(found, price_catalogue(), settings.parameters)
    plan = plan_actions(told.findings, found, settings.parameters, Mode.REPORT)
    seconds["rules, plan"], _ = _since(begun)
    idle = [one for one in told.idleness if one.verdict is Verdict.IDLE]
    print(
        json.dumps(
            {
                "seconds": seconds,
                "found": _counts(found),
                "idle endpoints": len(idle),
                "findings": len(told.findings),
                "actions": len(plan.actions),
                "unknown": len(told.unknown),
                "inventory bytes": len(body),
                "largest payload": payload,
            }
        )
    )


def _since(begun: float) -> tuple[float, float]:
    now = time.perf_counter()
    return round(now - begun, 2), now


def _counts(found: Inventory) -> dict[str, int]:
    return {
        "endpoints": len(found.endpoints),
        "training jobs": len(found.training_jobs),
        "buckets": len(found.buckets),
        "models": len(found.models),
        "metrics": len(found.metrics),
    }


if __name__ == "__main__":
    main()
