"""Settles what an audit looks at and may do, and writes it down for the steps that follow."""

from collections.abc import Sequence
from datetime import UTC

from pydantic import ConfigDict, TypeAdapter

from thriftline.audit.domain.idle import idle_window
from thriftline.audit.domain.layout import audit_id_of, settings_key, targets_key
from thriftline.audit.domain.parameters import Mode
from thriftline.audit.domain.parts import PARTS, Scope
from thriftline.audit.schemas.input import (
    StackDefaults,
    least_mode,
    parameters_of,
    parse_audit_input,
)
from thriftline.audit.schemas.settings import AuditSettings, Target
from thriftline.audit.schemas.steps import OpenAuditRequest, OpenAuditResponse
from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass

# What the hourly audit looks for.
_IDLE_RULES = ("ml.sagemaker.endpoint.idle",)

_targets = TypeAdapter(tuple[Target, ...], config=ConfigDict(defer_build=True))


@dataclass(frozen=True)
class KnownTargets:
    """Which accounts and regions there are to audit, and through which roles.

    ``regions`` and ``accounts`` are the defaults of an audit that names none. What may only mark
    has a role of its own, so that no role can do more than the mode says.
    """

    own_account: str
    partition: str
    regions: Sequence[str]
    accounts: Sequence[str]
    audit_role_name: str
    act_role_name: str

    def role_arn(self, account: str, name: str) -> str | None:
        """Returns the role to assume in an account, None in the stack's own."""
        if account == self.own_account:
            return None
        return f"arn:{self.partition}:iam::{account}:role/{name}"


def open_audit(
    request: OpenAuditRequest, *, artifacts: Bucket, places: KnownTargets, defaults: StackDefaults
) -> OpenAuditResponse:
    """Writes settings and targets; the same execution gives the same audit again.

    Raises:
        InvalidAuditInputError: the input asks for something unknown.
    """
    asked = parse_audit_input(request.input)
    started = request.started.astimezone(UTC)
    audit_id = audit_id_of(started, request.execution_arn)
    mode = least_mode(asked.mode, defaults.mode)
    rules = asked.rules or (_IDLE_RULES if request.scope is Scope.IDLE_ENDPOINTS else None)
    settings = AuditSettings(
        audit_id=audit_id,
        scope=request.scope,
        started=started,
        window=idle_window(started, asked.window_days),
        mode=mode,
        asked_mode=asked.mode or defaults.mode,
        allowed_mode=defaults.mode,
        rules=rules,
        parameters=parameters_of(asked, defaults),
        targets=_targets_of(
            asked.accounts or places.accounts, asked.regions or places.regions, places, mode
        ),
        is_whole=not (asked.accounts or asked.regions or asked.rules),
    )
    artifacts.write_json(settings_key(audit_id), settings.model_dump_json())
    artifacts.write(targets_key(audit_id), _targets.dump_json(settings.targets), "application/json")
    return OpenAuditResponse(
        audit_id=audit_id,
        mode=settings.mode,
        parts=PARTS[request.scope],
        bucket=artifacts.name,
        targets_key=targets_key(audit_id),
        targets=len(settings.targets),
    )


def _targets_of(
    accounts: Sequence[str], regions: Sequence[str], places: KnownTargets, mode: Mode
) -> tuple[Target, ...]:
    acting = places.act_role_name if mode is Mode.ACT else f"{places.act_role_name}-mark"
    once = tuple(dict.fromkeys(regions))
    return tuple(
        Target(
            account=account,
            region=region,
            audit_role_arn=places.role_arn(account, places.audit_role_name),
            act_role_arn=places.role_arn(account, acting),
            is_home=region == once[0],
        )
        for account in dict.fromkeys(accounts)
        for region in once
    )
