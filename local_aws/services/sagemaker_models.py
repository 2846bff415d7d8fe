"""SageMaker's models, and the lists of what is never made here, such as processing jobs."""

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.pages import Listing
from local_aws.services.places import Places
from local_aws.services.sagemaker_store import (
    Properties,
    SageMakerStore,
    already_there,
    not_found,
)

_MODELS = Listing("Models", "ModelName")
_SUMMARY = ("ModelName", "ModelArn", "CreationTime")


class SageMakerModels:
    """The calls about models."""

    def __init__(self, stores: Places[SageMakerStore]) -> None:
        self._stores = stores

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "CreateModel": self._create,
            "DeleteModel": self._delete,
            "DescribeModel": self._describe,
            "ListModels": self._list,
            "DescribeProcessingJob": _no_processing_job,
            "ListHyperParameterTuningJobs": lambda _: {"HyperParameterTuningJobSummaries": []},
            "ListClusters": lambda _: {"ClusterSummaries": []},
            "ListMlflowTrackingServers": lambda _: {"TrackingServerSummaries": []},
            "ListDomains": lambda _: {"Domains": []},
            "ListProcessingJobs": lambda _: {"ProcessingJobSummaries": []},
            "ListSpaces": lambda _: {"Spaces": []},
            "ListUserProfiles": lambda _: {"UserProfiles": []},
        }

    def _create(self, request: Request) -> Properties:
        store = self._stores.of(request)
        name = request["ModelName"]
        arn = store.arn_of("model", name)
        if name in store.models:
            raise already_there("model", arn)
        model = {key: value for key, value in request.parameters.items() if key != "Tags"}
        store.models[name] = model | {"ModelArn": arn, "CreationTime": request.now}
        store.set_tags(arn, request.get("Tags"))
        return {"ModelArn": arn}

    def _find(self, request: Request) -> tuple[SageMakerStore, Properties]:
        store = self._stores.of(request)
        name = request["ModelName"]
        if name not in store.models:
            raise not_found("model", store.arn_of("model", name))
        return store, store.models[name]

    def _describe(self, request: Request) -> Properties:
        return self._find(request)[1]

    def _list(self, request: Request) -> Properties:
        models = self._stores.of(request).models.values()
        return _MODELS.answer([{key: each[key] for key in _SUMMARY} for each in models], request)

    def _delete(self, request: Request) -> None:
        store, model = self._find(request)
        del store.models[model["ModelName"]]
        store.tags.pop(model["ModelArn"], None)


def _no_processing_job(request: Request) -> Properties:
    raise AwsError(
        "ValidationException", f"Could not find requested job {request['ProcessingJobName']}."
    )
