"""Bucket policies, as far as they can be judged here.

moto enforces a policy without reading its conditions, so that the usual "deny what is not TLS"
would deny everything. A statement with a condition is left out; the policy itself stays readable.
"""

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket

from local_aws.hooks import Hooks


def install(hooks: Hooks) -> None:
    """Judge requests by the statements that have no condition."""

    def get_permission(self: Any, action: str, resource: str) -> Any:
        policy = unconditional(json.loads(self.policy)) if self.policy else None
        if not policy or not policy["Statement"]:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)

    hooks.replace(FakeBucket, "get_permission", get_permission)


def unconditional(policy: dict[str, Any]) -> dict[str, Any]:
    """Return the policy without the statements that have a condition."""
    statements = policy.get("Statement", [])
    listed = [statements] if isinstance(statements, dict) else statements
    return {**policy, "Statement": [each for each in listed if not each.get("Condition")]}
