"""What refers to S3 at this moment: models, the registry, endpoints, and jobs that run."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from thriftline.aws.acting.endpoint_copies import found
from thriftline.aws.clients import translated
from thriftline.aws.collectors.reading import in_threads
from thriftline.aws.target_clients import TargetClients
from thriftline.domain.audit.references import References

_PAGE = 100
_RUNNING = ("InProgress", "Stopping")
_Answer = dict[str, Any]


def read_references(clients: TargetClients) -> References:
    """Returns every S3 URI in use, listed and described anew, each to the end.

    No index is asked, since an index hears of a new model later. A running job's inputs count
    too; of an output path that jobs share, its own folder.

    Raises:
        ThriftlineError: something could not be read; then nothing is known to be an orphan.
    """
    client = clients.client("sagemaker")
    uris: set[str] = set()
    with translated("reading what refers to S3"):
        for answer in _models(client):
            uris.update(_s3_uris(answer))
        for answer in _packages(client):
            uris.update(_s3_uris(answer))
        for answer in _endpoints(client):
            uris.update(_s3_uris(answer))
        for job in _running_jobs(client):
            uris.update(_of_job(job))
    return References.of(uris)


def _models(client: Any) -> Iterator[_Answer]:
    names = _names(client, "list_models", "Models", "ModelName")
    return _described(names, lambda name: client.describe_model(ModelName=name))


def _packages(client: Any) -> Iterator[_Answer]:
    groups = _names(
        client, "list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupName"
    )
    asked = [{"ModelPackageType": "Unversioned"}]
    asked += [{"ModelPackageGroupName": group} for group in groups]
    for filters in asked:
        arns = _names(
            client, "list_model_packages", "ModelPackageSummaryList", "ModelPackageArn", **filters
        )
        yield from _described(arns, lambda arn: client.describe_model_package(ModelPackageName=arn))


def _endpoints(client: Any) -> Iterator[_Answer]:
    names = _names(client, "list_endpoints", "Endpoints", "EndpointName")
    return _described(names, lambda name: client.describe_endpoint(EndpointName=name))


def _running_jobs(client: Any) -> Iterator[_Answer]:
    for status in _RUNNING:
        names = _names(
            client,
            "list_training_jobs",
            "TrainingJobSummaries",
            "TrainingJobName",
            StatusEquals=status,
        )
        yield from _described(
            names, lambda name: client.describe_training_job(TrainingJobName=name)
        )


def _names(client: Any, operation: str, key: str, name: str, **filters: str) -> list[str]:
    pages = client.get_paginator(operation).paginate(
        **filters, PaginationConfig={"PageSize": _PAGE}
    )
    return [row[name] for page in pages for row in page[key]]


def _described(names: Iterable[str], describe: Callable[[str], _Answer]) -> Iterator[_Answer]:
    """Yields the answers; what has gone since it was listed refers to nothing."""
    for answer in in_threads(lambda name: found(lambda: describe(name)), names):
        if answer is not None:
            yield answer


def _of_job(job: _Answer) -> Iterator[str]:
    output = (job.get("OutputDataConfig") or {}).get("S3OutputPath")
    yield from _s3_uris({key: one for key, one in job.items() if key != "OutputDataConfig"})
    if output:
        yield f"{output.rstrip('/')}/{job['TrainingJobName']}/"


def _s3_uris(value: Any) -> Iterator[str]:
    """Yields every S3 URI in an answer, at any depth."""
    if isinstance(value, str):
        if value.startswith("s3://"):
            yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _s3_uris(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _s3_uris(one)
