"""The engines of preparations as far as they can be priced without an account.

No call leaves the machine. What only an account knows, such as its quotas, is left unknown.
"""

from typing import TYPE_CHECKING, NoReturn

from thriftline.core.aws.buckets import Bucket
from thriftline.core.settings import Settings
from thriftline.runs.engines.emr_serverless.engine import EmrServerlessEngine
from thriftline.runs.engines.port import Engine, EngineSite
from thriftline.runs.engines.registry import ENGINES, Engines
from thriftline.runs.schemas.estimate import EstimateRequest

if TYPE_CHECKING:
    from collections.abc import Callable

_SOME = "of the stack"


def quoting_engines(settings: Settings, artifacts: Bucket) -> Engines:
    """Returns engines that quote; they start nothing."""
    registered: dict[str, Callable[[EngineSite], Engine]] = dict(ENGINES)
    # The others quote without a call; this one would ask for the account's quota.
    registered["emr_serverless"] = _emr_serverless
    return Engines(EngineSite(settings, artifacts), registered)


def settings_of(request: EstimateRequest, region: str) -> Settings:
    """Returns the settings of a stack whose parameters are as the request says."""
    has_emr, has_jobs = (
        name in request.engines for name in ("emr_serverless", "sagemaker_processing")
    )
    return Settings(
        {
            "AWS_REGION": region,
            "EMR_APPLICATION_ID": _SOME if has_emr else "",
            "PROCESSING_ROLE_ARN": _SOME if has_jobs else "",
            "SPARK_PROCESSING_IMAGE": request.spark_processing_image,
            "PREPARATION_MAX_VCPUS": str(request.preparation_max_vcpus),
        }
    )


def _emr_serverless(site: EngineSite) -> Engine:
    return EmrServerlessEngine(_nobody, site.artifacts, site.settings)


def _nobody() -> NoReturn:
    raise AssertionError("An estimate starts nothing.")
