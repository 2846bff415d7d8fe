"""Loads whole account files: what they hold, what fails in them, and the time they are at."""

import difflib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import botocore.session
from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from local_aws.accounts.bedrock import load_bedrock
from local_aws.accounts.file import AccountFile, AccountFileError, ApiError, Cost
from local_aws.accounts.metrics import load_metrics
from local_aws.accounts.sagemaker import load_sagemaker
from local_aws.accounts.scaling import load_scaling
from local_aws.accounts.storage import load_storage
from local_aws.http.faults import AwsFault, AwsFaults
from local_aws.http.own_services import OwnServices
from local_aws.http.supported import BOTO_NAMES
from local_aws.services.cost_explorer import DailyCharge, spread
from local_aws.services.service_quotas import QuotaStore

_SERVER_ERRORS = ("Internal", "Service")
_THROTTLES = ("SlowDown", "ServiceUnavailable")


def load_accounts(
    accounts: Iterable[AccountFile], services: OwnServices, faults: AwsFaults
) -> None:
    """Load account files side by side.

    Raises:
        AccountFileError: a file names a call that AWS does not have, or a bucket twice.
    """
    for account in accounts:
        place = (account.account_id, account.region)
        services.accounts.known.add(account.account_id)
        load_sagemaker(account, services.sagemaker.at(*place), services.registries.at(*place))
        load_scaling(account, services.scaling.at(*place))
        load_metrics(account, services.metrics.at(*place))
        load_storage(account, services.lifecycle)
        load_bedrock(account, services.bedrock.at(*place))
        _load_quotas(account, services.quotas.at(*place))
        for cost in account.costs:
            services.costs.charges[account.account_id] += _charges(account, cost)
        for index, error in enumerate(account.api_errors):
            fault = _fault(account, index, error)
            if (fault.service, fault.operation) == ("sts", "AssumeRole"):
                # It is called with another account's credentials.
                services.accounts.refusals[account.account_id] = fault.code
            else:
                faults.add(fault)


def _load_quotas(account: AccountFile, store: QuotaStore) -> None:
    for name, value in account.quotas.items():
        try:
            store.set(name, value)
        except ValueError as error:
            raise AccountFileError(f"account {account.account_id}: quotas: {error}") from error


def _charges(account: AccountFile, cost: Cost) -> Iterable[DailyCharge]:
    def make(day: date, usd: Decimal) -> DailyCharge:
        place = (account.region, account.account_id)
        return DailyCharge(day, cost.service, *place, usd, tags=cost.tags)

    return spread(cost.usd, cost.start, cost.end, make)


def _fault(account: AccountFile, index: int, error: ApiError) -> AwsFault:
    service = BOTO_NAMES.get(error.service, error.service)
    label = f"account {account.account_id}: api_errors[{index}]"
    session = botocore.session.get_session()
    try:
        known = session.get_service_model(service).operation_names
    except UnknownServiceError as failure:
        raise AccountFileError(
            f"{label}.service: {error.service} is no service{_near(service, session)} "
            "(write boto3's name of it)"
        ) from failure
    # SDKs write the same call in their own way.
    operation = next((name for name in known if error.operation in (name, xform_name(name))), None)
    if operation is None:
        near = difflib.get_close_matches(error.operation, known, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise AccountFileError(f"{label}.operation: {service} has no {error.operation}{hint}")
    return AwsFault(
        service=service,
        operation=operation,
        code=error.error,
        status=status_of(service, error.error),
        times=None,
        account=account.account_id,
        # What is the same from every region is asked in any of them.
        region="" if service in ("ce", "iam", "s3", "sts") else account.region,
        message=f"{error.error} in the account file",
    )


def _near(service: str, session: botocore.session.Session) -> str:
    near = difflib.get_close_matches(service, session.get_available_services(), 1)
    return f"; did you mean {near[0]}?" if near else ""


def status_of(service: str, code: str) -> int:
    """Return the HTTP status that usually comes with an error code."""
    if code in _THROTTLES:
        return 503
    if code.startswith(_SERVER_ERRORS):
        return 500
    return 403 if service in ("s3", "sts") and "Denied" in code else 400
