"""The account, and the planning of one action, for tests of what acts on buckets, logs and more."""

from dataclasses import replace
from typing import Any

from tests.integration.audit.acting_account import acting_account, hosting_endpoint, plain_endpoint
from tests.integration.audit.acting_world import ActingWorld
from tests.integration.local_aws.sample_account import ago, job
from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.actions import ActionPlan
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.findings import ActionKind, Confidence
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parameters import Mode
from thriftline.money.price_catalogue import price_catalogue

GB = 10**9
OWN_RULE = {
    "ID": "keep",
    "Status": "Enabled",
    "Filter": {"And": {"Prefix": "logs/", "ObjectSizeGreaterThan": 131072}},
    "Expiration": {"Days": 400},
}
LOGS = ("/ml/quiet", "/ml/kept", "/ml/set", "/ml/unread", "/ml/rehearsed")
NOTEBOOKS = ("idle-book", "kept-book", "busy-book")
BUCKETS = (
    "ml-merge",
    "ml-refused",
    "ml-artifacts",
    "ml-rehearsed",
    "ml-old",
    "ml-plain",
    "ml-spent",
)


def _bucket(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "objects": 8,
        "bytes": {"StandardStorage": 4 * GB},
        "versioning": True,
        "lifecycle_rules": [OWN_RULE],
        "incomplete_uploads": [
            {"key": "big/old", "initiated": ago(days=40), "bytes": 1000},
            {"key": "big/new", "initiated": ago(days=1), "bytes": 1000},
        ],
        "prefixes": [
            {"prefix": f"checkpoints/{job}/", "bytes": GB, "last_modified": ago(days=60)}
            for job in ("lost", "loved", "used")
        ]
        + [{"prefix": "checkpoints/fresh/", "bytes": GB, "last_modified": ago(days=2)}],
    }


def rest_account() -> Any:
    """Returns the document of the account."""
    return acting_account(
        plain_endpoint("served"),
        hosting_endpoint("hosting"),
        training_jobs=[job("running", status="InProgress", ended=None)],
        buckets=[_bucket(name) for name in BUCKETS],
        models=[
            {
                "name": "served-blue",
                "created": ago(days=90),
                "artifact_s3_uri": "s3://ml-artifacts/checkpoints/used/model.tar.gz",
                "in_registry": True,
            }
        ],
        notebooks=[
            {
                "name": name,
                "instance_type": "ml.t3.medium",
                "status": "InService",
                "last_modified": ago(days=9),
            }
            for name in NOTEBOOKS
        ],
        log_groups=[{"name": name, "bytes": 5000} for name in LOGS],
    )


def begin_only(
    world: ActingWorld, found: Inventory, kind: ActionKind, *, by_hand: bool = False
) -> str:
    """Plans one kind of action about an inventory, and returns the audit.

    By hand: a person vouches for what is known with low confidence only.
    """
    told = audit(found, price_catalogue(), world.parameters).findings
    sure = [replace(one, confidence=Confidence.HIGH) if by_hand else one for one in told]
    plan = plan_actions(sure, found, world.parameters, Mode.ACT)
    chosen = tuple(one for one in plan.actions if one.action is kind)
    assert len(chosen) == 1
    return world.begin(ActionPlan(chosen, (), ()))
