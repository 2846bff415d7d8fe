"""What refers to S3 at this moment: models, the registry, endpoints, and jobs that run."""

from collections.abc import Callable, Container, Iterable, Iterator
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any

from botocore import xform_name

from thriftline.audit.aws.collectors.job_reads import reads_of
from thriftline.audit.aws.collectors.reading import in_threads
from thriftline.audit.domain.references import References
from thriftline.core.aws.clients import translated
from thriftline.core.aws.endpoints.answers import (
    describe_component,
    describe_endpoint,
    model_names,
)
from thriftline.core.aws.endpoints.copies import found
from thriftline.core.aws.s3_uris import s3_uris
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.errors import AwsRequestError

_PAGE = 100
_RUNNING = ("InProgress", "Stopping")
_Answer = dict[str, Any]


def read_references(clients: TargetClients, since: datetime) -> References:
    """Returns every S3 URI in use, listed and described anew, each to the end.

    No index is asked, since an index hears of a new model later. Of jobs, those that run count
    and those made after ``since``, with all that they read; what older ones read the inventory
    has told. Of an output path that jobs share, it is a job's own folder.

    Raises:
        ThriftlineError: something could not be read; then nothing is known to be an orphan.
            AwsRequestError when an endpoint's config or model was deleted: what it loads cannot
            be known.
    """
    client = clients.client("sagemaker")
    with translated("reading what refers to S3"):
        models = {answer["ModelName"]: answer for answer in _models(client)}
        endpoints, components = list(_endpoints(client)), list(_components(client))
        _check_models(client, endpoints, components, models)
        whole = chain(models.values(), _packages(client), endpoints, components)
        uris = {uri for answer in whole for uri in s3_uris(answer)}
        for job in _running_jobs(client):
            uris.update(_of_job(job))
        reads = set(_new_reads(client, since))
    return References.of(uris, reads)


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
    return _described(names, lambda name: describe_endpoint(client, name))


def _components(client: Any) -> Iterator[_Answer]:
    names = _names(
        client, "list_inference_components", "InferenceComponents", "InferenceComponentName"
    )
    return _described(names, lambda name: describe_component(client, name))


def _check_models(
    client: Any,
    endpoints: Iterable[_Answer],
    components: Iterable[_Answer],
    models: Container[str],
) -> None:
    """Refuses when an endpoint loads what nothing tells of any more."""
    used = {one["EndpointConfigName"] for one in endpoints if "EndpointConfigName" in one}
    named = list(model_names({}, components))
    configs = list(_described(used, lambda one: _config(client, one)))
    if len(configs) < len(used):
        gone = ", ".join(sorted(used - {one["EndpointConfigName"] for one in configs}))
        raise AwsRequestError(f"Endpoints use configs that do not exist any more: {gone}.")
    named += (model for config in configs for model in model_names(config, ()))
    missing = ", ".join(sorted({model for model in named if model not in models}))
    if missing:
        raise AwsRequestError(
            f"Endpoints load models that do not exist any more: {missing}. What these load cannot "
            "be known."
        )


def _config(client: Any, name: str) -> _Answer:
    answer: _Answer = client.describe_endpoint_config(EndpointConfigName=name)
    return answer


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


def _new_reads(client: Any, since: datetime) -> Iterator[str]:
    """Yields what the jobs made since then read.

    Raises:
        AwsRequestError: one reads what a manifest lists, which nobody here has read.
    """
    for name, describe in _DESCRIBE_JOB.items():
        names = _names(
            client,
            f"list_{xform_name(name)}s",
            f"{name}Summaries",
            f"{name}Name",
            CreationTimeAfter=since,
        )
        for answer in _described(names, partial(describe, client)):
            reads = reads_of(answer)
            if reads.manifests:
                raise AwsRequestError(
                    f"{answer[f'{name}Name']} reads what {reads.manifests[0]} lists. What that is "
                    "cannot be known."
                )
            yield from reads.uris


_Describe = Callable[[Any, str], _Answer]
_DESCRIBE_JOB: dict[str, _Describe] = {
    "TrainingJob": lambda client, one: client.describe_training_job(TrainingJobName=one),
    "ProcessingJob": lambda client, one: client.describe_processing_job(ProcessingJobName=one),
    "TransformJob": lambda client, one: client.describe_transform_job(TransformJobName=one),
    "HyperParameterTuningJob": lambda client, one: client.describe_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=one
    ),
}


def _names(client: Any, operation: str, key: str, name: str, **filters: Any) -> list[str]:
    pages = client.get_paginator(operation).paginate(
        **filters, PaginationConfig={"PageSize": _PAGE}
    )
    return [row[name] for page in pages for row in page[key]]


def _described(
    names: Iterable[str], describe: Callable[[str], _Answer | None]
) -> Iterator[_Answer]:
    """Yields the answers; what has gone since it was listed refers to nothing."""
    for answer in in_threads(lambda name: found(lambda: describe(name)), names):
        if answer is not None:
            yield answer


def _of_job(job: _Answer) -> Iterator[str]:
    output = (job.get("OutputDataConfig") or {}).get("S3OutputPath")
    yield from s3_uris({key: one for key, one in job.items() if key != "OutputDataConfig"})
    if output:
        yield f"{output.rstrip('/')}/{job['TrainingJobName']}/"
