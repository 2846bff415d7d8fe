"""Models and the registry's model packages, with every S3 object that they refer to."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from thriftline.audit.aws.collectors.reading import (
    Answer,
    Collected,
    Listed,
    attempt_existing,
    in_threads,
    list_all,
    one_of,
)
from thriftline.audit.aws.collectors.tags import pairs, read_sagemaker_tags
from thriftline.audit.domain.facts import Fact, ResourceKind, Tags, Unread
from thriftline.audit.domain.resources.endpoints import Model, ModelPackage
from thriftline.core.aws.s3_uris import s3_uris
from thriftline.core.aws.target_clients import TargetClients

_PAGE = 100
_CUSTOM_MODEL = re.compile(r"arn:[a-z-]+:bedrock:[a-z0-9-]+:\d+:custom-model/[a-zA-Z0-9.:/-]+")


def collect_models(clients: TargetClients) -> Collected[Model]:
    """Returns all models.

    The list says which there are; Search tells whole models, a hundred to a page, and what it
    does not know yet, or at all when it fails, is described. Models never change.
    """
    client = clients.client("sagemaker")
    listed = list_all(client, "ListModels", "Models", MaxResults=_PAGE)
    unread = list(listed.gap(ResourceKind.MODEL))
    names = [row["ModelName"] for row in listed.rows]
    # A few are sooner described than searched for.
    searched = _searched(client) if len(names) > _PAGE else {}
    models = [
        _model(searched[name], _tags_in(searched[name])) for name in names if name in searched
    ]
    left = [name for name in names if name not in searched]
    for name, answer in zip(
        left, in_threads(lambda one: _described(client, one), left), strict=True
    ):
        if isinstance(answer, Unread):
            unread.append(one_of(ResourceKind.MODEL, name, answer))
        elif answer is not None:
            models.append(answer)
    return Collected(tuple(sorted(models, key=lambda model: model.name)), tuple(unread))


def _searched(client: Any) -> Mapping[str, Answer]:
    """Returns what Search knows; an error is no gap, since what is missing is described."""
    found = list_all(
        client,
        "Search",
        "Results",
        Resource="Model",
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=_PAGE,
    )
    models = (row.get("Model", {}).get("Model", {}) for row in found.rows)
    return {model["ModelName"]: model for model in models if _is_whole(model)}


def _is_whole(model: Answer) -> bool:
    """Whether Search tells what the model loads; an index may keep less than DescribeModel."""
    return {"ModelName", "ModelArn", "CreationTime"} <= model.keys() and bool(_containers(model))


def _tags_in(model: Answer) -> Tags:
    return pairs(model.get("Tags") or ())


def _described(client: Any, name: str) -> Fact[Model | None]:
    answer = attempt_existing("DescribeModel", lambda: client.describe_model(ModelName=name))
    if answer is None or isinstance(answer, Unread):
        return answer
    return _model(answer, read_sagemaker_tags(client, answer["ModelArn"]))


def _containers(answer: Answer) -> list[Answer]:
    own = [answer["PrimaryContainer"]] if answer.get("PrimaryContainer") else []
    return [*own, *(answer.get("Containers") or ())]


def _model(answer: Answer, tags: Fact[Tags]) -> Model:
    containers = _containers(answer)
    packages = (one.get("ModelPackageName") for one in containers)
    return Model(
        name=answer["ModelName"],
        arn=answer["ModelArn"],
        created=answer["CreationTime"],
        artifact_s3_uris=tuple(sorted(set(s3_uris(answer)))),
        image=next((one["Image"] for one in containers if one.get("Image")), None),
        is_multi_model=any(one.get("Mode") == "MultiModel" for one in containers),
        package_arns=tuple(one for one in packages if one),
        tags=tags,
    )


def collect_model_packages(clients: TargetClients) -> Collected[ModelPackage]:
    """Returns all versions of all groups, and the packages of no group."""
    client = clients.client("sagemaker")
    groups = list_all(
        client, "ListModelPackageGroups", "ModelPackageGroupSummaryList", MaxResults=_PAGE
    )
    names = [None, *(row["ModelPackageGroupName"] for row in groups.rows)]
    lists = in_threads(lambda group: _packages_of(client, group), names)
    kind = ResourceKind.MODEL_PACKAGE
    unread = [gap for listed in (groups, *lists) for gap in listed.gap(kind)]
    arns = list(dict.fromkeys(row["ModelPackageArn"] for one in lists for row in one.rows))
    packages = []
    for arn, answer in zip(arns, in_threads(lambda one: _package(client, one), arns), strict=True):
        if isinstance(answer, Unread):
            unread.append(one_of(kind, arn, answer))
        elif answer is not None:
            packages.append(answer)
    return Collected(tuple(packages), tuple(unread))


def _packages_of(client: Any, group: str | None) -> Listed:
    filters = {"ModelPackageGroupName": group} if group else {"ModelPackageType": "Unversioned"}
    return list_all(
        client, "ListModelPackages", "ModelPackageSummaryList", MaxResults=_PAGE, **filters
    )


def _package(client: Any, arn: str) -> Fact[ModelPackage | None]:
    answer = attempt_existing(
        "DescribeModelPackage", lambda: client.describe_model_package(ModelPackageName=arn)
    )
    if answer is None or isinstance(answer, Unread):
        return answer
    return ModelPackage(
        arn=answer["ModelPackageArn"],
        group=answer.get("ModelPackageGroupName"),
        approval_status=answer.get("ModelApprovalStatus"),
        artifact_s3_uris=tuple(sorted(set(s3_uris(answer)))),
        custom_model_arns=tuple(sorted(set(_custom_models(answer)))),
    )


def _custom_models(value: Any) -> Iterator[str]:
    """Yields the ARN of every Bedrock custom model that an answer names, at any depth."""
    if isinstance(value, str):
        yield from _CUSTOM_MODEL.findall(value)
    elif isinstance(value, Mapping):
        yield from _custom_models(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _custom_models(one)
