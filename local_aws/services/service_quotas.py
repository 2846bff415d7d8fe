"""Service Quotas: what an account may have of SageMaker's instances and in Bedrock.

Every training type has a quota of its own for on-demand and one for Spot, as on AWS. Where nothing
else is said each is generous; a new account on AWS has 0 of most.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from moto.core.utils import get_service_model

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services import bedrock_quotas, spark_quotas
from local_aws.services.pages import page_of
from local_aws.services.places import Places

SERVICE = "sagemaker"
GENEROUS = 1000
_SERVICE_NAMES = {
    SERVICE: "Amazon SageMaker",
    bedrock_quotas.SERVICE: "Amazon Bedrock",
    spark_quotas.SERVICE: "Amazon EMR Serverless",
}
# AWS's own, where a program asks by the code.
_CODES = {spark_quotas.VCPUS: spark_quotas.VCPUS_CODE}
_KINDS = ("training job usage", "spot training job usage", "training warm pool usage")
_PAGE = 100
_TOKEN_ERROR = "InvalidPaginationTokenException"


def training_quota(instance_type: str, *, spot: bool) -> str:
    """Return the name of the quota of a type for training."""
    return f"{instance_type} for {'spot ' if spot else ''}training job usage"


def warm_pool_quota(instance_type: str) -> str:
    """Return the name of the quota of a type for instances that are kept warm."""
    return f"{instance_type} for training warm pool usage"


def endpoint_quota(instance_type: str) -> str:
    """Return the name of the quota of a type for endpoints."""
    return f"{instance_type} for endpoint usage"


class QuotaStore:
    """The quotas of one account and region."""

    def __init__(self, account: str, region: str) -> None:
        self.account = account
        self.region = region
        self._applied: dict[str, int] = {}

    def set(self, name: str, value: int) -> None:
        """Grant the account so many; 0 refuses every job.

        Raises:
            ValueError: there is no quota of this name.
        """
        if name not in {each for service in _SERVICE_NAMES for each in _names(service)}:
            raise ValueError(
                f"there is no quota called {name!r}; one is "
                f"{training_quota('ml.g5.xlarge', spot=True)!r}"
            )
        if value < 0:
            raise ValueError(f"the quota {name!r} cannot be {value}")
        self._applied[name] = value

    def limit(self, name: str) -> int:
        """Return what the account may have, applied or by default."""
        return self._applied.get(name, _default(name))

    def applied(self, name: str) -> bool:
        """Whether the account has a value of its own."""
        return name in self._applied


class ServiceQuotas:
    """The calls that read quotas."""

    def __init__(self, places: Places[QuotaStore]) -> None:
        self._places = places

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "ListServiceQuotas": self._list,
            "ListAWSDefaultServiceQuotas": self._list_defaults,
            "GetServiceQuota": self._get,
            "GetAWSDefaultServiceQuota": self._get_default,
        }

    def _list(self, request: Request) -> Mapping[str, Any]:
        store = self._places.of(request)
        return _page(
            request, [_shown(store, name, store.limit(name)) for name in _names_of(request)]
        )

    def _list_defaults(self, request: Request) -> Mapping[str, Any]:
        store = self._places.of(request)
        return _page(request, [_shown(store, name, _default(name)) for name in _names_of(request)])

    def _get(self, request: Request) -> Mapping[str, Any]:
        store, name = self._named(request)
        if not store.applied(name):
            # AWS has no applied value of a quota that was never changed.
            raise AwsError("NoSuchResourceException", f"no applied value of {name}", 400)
        return {"Quota": _shown(store, name, store.limit(name))}

    def _get_default(self, request: Request) -> Mapping[str, Any]:
        store, name = self._named(request)
        return {"Quota": _shown(store, name, _default(name))}

    def _named(self, request: Request) -> tuple[QuotaStore, str]:
        store, code = self._places.of(request), request["QuotaCode"]
        found = next((name for name in _names_of(request) if _code(name) == code), None)
        if found is None:
            raise AwsError("NoSuchResourceException", f"There is no quota {code}.", 400)
        return store, found


def _names_of(request: Request) -> tuple[str, ...]:
    service = request["ServiceCode"]
    if service not in _SERVICE_NAMES:
        raise AwsError(
            "NoSuchResourceException",
            f"The embedded AWS has quotas of {', '.join(_SERVICE_NAMES)} alone.",
            400,
        )
    return _names(service)


@cache
def _names(service: str) -> tuple[str, ...]:
    if service == bedrock_quotas.SERVICE:
        return tuple(bedrock_quotas.defaults())
    if service == spark_quotas.SERVICE:
        return tuple(spark_quotas.defaults())
    model = get_service_model(SERVICE)
    training = model.shape_for("TrainingInstanceType").enum
    hosting = model.shape_for("ProductionVariantInstanceType").enum
    processing = model.shape_for("ProcessingInstanceType").enum
    return (
        *(f"{each} for {kind}" for each in sorted(training) for kind in _KINDS),
        *(endpoint_quota(each) for each in sorted(hosting)),
        *(spark_quotas.processing_quota(each) for each in sorted(processing)),
    )


def _default(name: str) -> int:
    return {**bedrock_quotas.defaults(), **spark_quotas.defaults()}.get(name, GENEROUS)


def _code(name: str) -> str:
    """Return a code in AWS's form; most of AWS's own differ, and programs find them by the name."""
    return _CODES.get(name) or f"L-{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"


def _shown(store: QuotaStore, name: str, value: int) -> dict[str, Any]:
    code = _code(name)
    service = _service(name)
    return {
        "ServiceCode": service,
        "ServiceName": _SERVICE_NAMES[service],
        "QuotaArn": f"arn:aws:servicequotas:{store.region}:{store.account}:{service}/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": float(value),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


def _service(name: str) -> str:
    if name in spark_quotas.defaults():
        return spark_quotas.SERVICE
    return bedrock_quotas.SERVICE if name in bedrock_quotas.defaults() else SERVICE


def _page(request: Request, rows: list[dict[str, Any]]) -> Mapping[str, Any]:
    size = int(request.get("MaxResults", _PAGE))
    page, token = page_of(rows, request.get("NextToken"), size, _TOKEN_ERROR)
    return {"Quotas": page} | ({"NextToken": token} if token else {})
