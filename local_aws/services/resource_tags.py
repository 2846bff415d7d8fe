"""The tags of what conditions of policies ask about: resources of SageMaker and of Bedrock."""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from moto.sagemaker.models import sagemaker_backends

from local_aws.http.own_calls import AwsError
from local_aws.services.bedrock_store import CUSTOM, DEPLOYMENTS, THROUGHPUTS, BedrockStore, find

if TYPE_CHECKING:
    from local_aws.http.own_services import OwnServices


def tags_of(
    services: "OwnServices", account: str, region: str, arn: str
) -> Mapping[str, str] | None:
    """Return the tags of a resource; None of what is not there, or of another service.

    A resource of Bedrock may be asked for by its name.
    """
    service = arn.split(":")[2] if arn.count(":") >= 5 else ""
    if service == "bedrock":
        return _of_bedrock(services.bedrock.at(account, region), arn)
    if service != "sagemaker":
        return None
    known = services.sagemaker.at(account, region).tags
    for each in (arn, arn.lower()):
        if each in known:
            return dict(known[each])
    return _of_moto(account, region, arn)


def _of_bedrock(store: BedrockStore, arn: str) -> Mapping[str, str] | None:
    if arn in store.jobs:
        return dict(store.tags.get(arn, {}))
    for kind in (DEPLOYMENTS, CUSTOM, THROUGHPUTS):
        for wanted in (arn, arn.rpartition("/")[2]):
            with suppress(AwsError):
                found = find(getattr(store, kind.store), kind, wanted)[kind.arn]
                return dict(store.tags.get(found, {}))
    return None


def _of_moto(account: str, region: str, arn: str) -> Mapping[str, str] | None:
    """Return the tags of a training job, which moto keeps."""
    job = sagemaker_backends[account][region].training_jobs.get(arn.rpartition("/")[2])
    if job is None or ":training-job/" not in arn:
        return None
    return {one["Key"]: one["Value"] for one in job.tags or ()}
