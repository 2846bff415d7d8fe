"""Reads what earlier steps of an audit left in the artifacts bucket."""

from thriftline.audit.domain.actions import ActionPlan
from thriftline.audit.domain.layout import plan_key, settings_key
from thriftline.audit.schemas.result import decode_plan
from thriftline.audit.schemas.settings import AuditSettings
from thriftline.core.aws.buckets import Bucket


def read_settings(artifacts: Bucket, audit_id: str) -> AuditSettings:
    """Returns the audit's settings.

    Raises:
        AwsRequestError: there is no such audit.
    """
    return AuditSettings.model_validate_json(
        artifacts.read_required(settings_key(audit_id), "Open audit")
    )


def read_plan(artifacts: Bucket, audit_id: str) -> ActionPlan | None:
    """Returns the plan of a run, None before it was made."""
    body = artifacts.read(plan_key(audit_id))
    return None if body is None else decode_plan(body)
