"""The Resource Groups Tagging API, for what an audit looks at."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.sagemaker.models import sagemaker_backends

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.bedrock_store import BedrockStore
from local_aws.services.pages import page_of
from local_aws.services.places import Places
from local_aws.services.sagemaker_store import SageMakerStore

_PAGE = 50
Tags = dict[str, str]


class ResourceTagging:
    """GetResources, TagResources and UntagResources."""

    def __init__(self, sagemaker: Places[SageMakerStore], bedrock: Places[BedrockStore]) -> None:
        self._sagemaker = sagemaker
        self._bedrock = bedrock

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "GetResources": self._get,
            "GetTagKeys": self._keys,
            "TagResources": self._tag,
            "UntagResources": self._untag,
        }

    def _all(self, request: Request) -> Iterator[tuple[str, Tags]]:
        store = self._sagemaker.of(request)
        store.settle(request.now)
        yield from list(store.tags.items())
        for job in list(_sagemaker_jobs(request).values()):
            yield job.arn, {tag["Key"]: tag["Value"] for tag in job.tags}
        yield from list(self._bedrock.of(request).tags.items())
        s3 = s3_backends[request.account]["aws"]
        for bucket in list(s3.buckets.values()):
            if bucket.region_name == request.region:
                yield bucket.arn, s3.tagger.get_tag_dict_for_resource(bucket.arn)
        logs = logs_backends[request.account][request.region]
        for group in list(logs.groups.values()):
            yield group.arn, logs.tagger.get_tag_dict_for_resource(group.arn)

    def _get(self, request: Request) -> dict[str, Any]:
        types, listed = request.get("ResourceTypeFilters", ()), request.get("ResourceARNList")
        filters = request.get("TagFilters", ())
        rows = [
            {"ResourceARN": arn, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
            for arn, tags in self._all(request)
            if tags
            and (not types or any(_is_of(arn, each) for each in types))
            and (not listed or arn in listed)
            and all(_has(tags, each) for each in filters)
        ]
        rows.sort(key=lambda row: str(row["ResourceARN"]))
        size = request.get("ResourcesPerPage", _PAGE)
        token = request.get("PaginationToken") or None
        page, after = page_of(rows, token, size, "PaginationTokenExpiredException")
        return {"ResourceTagMappingList": page, "PaginationToken": after or ""}

    def _keys(self, request: Request) -> dict[str, Any]:
        keys = sorted({key for _, tags in self._all(request) for key in tags})
        return {"TagKeys": keys, "PaginationToken": ""}

    def _tag(self, request: Request) -> dict[str, Any]:
        new: Tags = dict(request["Tags"])
        if any(key.lower().startswith("aws:") for key in new):
            raise AwsError("InvalidParameterException", "Tag keys with aws: are reserved.")
        return self._change(request, lambda tags: {**tags, **new})

    def _untag(self, request: Request) -> dict[str, Any]:
        gone = set(request["TagKeys"])
        return self._change(
            request, lambda tags: {key: value for key, value in tags.items() if key not in gone}
        )

    def _change(self, request: Request, change: Callable[[Tags], Tags]) -> dict[str, Any]:
        found, failed = dict(self._all(request)), {}
        for arn in request["ResourceARNList"]:
            if arn in found:
                self._set(request, arn, change(found[arn]))
            else:
                failed[arn] = {
                    "StatusCode": 400,
                    "ErrorCode": "InvalidParameterException",
                    "ErrorMessage": f"The resource {arn} does not exist.",
                }
        return {"FailedResourcesMap": failed}

    def _set(self, request: Request, arn: str, tags: Tags) -> None:
        service = arn.split(":")[2]
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        jobs = {job.arn: job for job in _sagemaker_jobs(request).values()}
        if service in ("s3", "logs"):
            account, region = request.account, request.region
            tagger = (
                s3_backends[account]["aws"] if service == "s3" else logs_backends[account][region]
            ).tagger
            tagger.delete_all_tags_for_resource(arn)
            tagger.tag_resource(arn, listed)
        elif service == "bedrock":
            self._bedrock.of(request).tags[arn] = tags
        elif arn in jobs:
            jobs[arn].tags = listed
        else:
            self._sagemaker.of(request).tags[arn] = tags


def _sagemaker_jobs(request: Request) -> dict[str, Any]:
    jobs: dict[str, Any] = sagemaker_backends[request.account][request.region].training_jobs
    return jobs


def _is_of(arn: str, kind: str) -> bool:
    """Whether an ARN is of a type such as `s3` or `sagemaker:endpoint`."""
    service, _, resource = kind.partition(":")
    parts = arn.split(":", 5)
    if parts[2] != service:
        return False
    return not resource or parts[5].replace(":", "/").split("/")[0] == resource


def _has(tags: Tags, wanted: Mapping[str, Any]) -> bool:
    values = wanted.get("Values") or ()
    return wanted["Key"] in tags and (not values or tags[wanted["Key"]] in values)
