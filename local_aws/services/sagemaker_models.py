"""SageMaker's models, and the lists of what is never made here, such as processing jobs."""

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.pages import Listing
from local_aws.services.places import Places
from local_aws.services.sagemaker_model_registry import ModelRegistries
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

    def __init__(
        self, stores: Places[SageMakerStore], registries: ModelRegistries | None = None
    ) -> None:
        self._stores = stores
        self._registries = registries

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "CreateModel": self._create,
            "DeleteModel": self._delete,
            "DescribeModel": self._describe,
            "ListModels": self._list,
            "DescribeProcessingJob": _no_processing_job,
            "ListHyperParameterTuningJobs": lambda _: {"HyperParameterTuningJobSummaries": []},
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
        self._check(request)
        model = {key: value for key, value in request.parameters.items() if key != "Tags"}
        store.models[name] = model | {"ModelArn": arn, "CreationTime": request.now}
        store.set_tags(arn, request.get("Tags"))
        return {"ModelArn": arn}

    def _check(self, request: Request) -> None:
        """Refuse a model that SageMaker would refuse."""
        primary, several = request.get("PrimaryContainer"), request.get("Containers")
        if primary and several:
            raise _invalid("Specify either PrimaryContainer or Containers, not both.")
        if not primary and not several:
            raise _invalid("A model needs a PrimaryContainer or Containers.")
        for container in [primary] if primary else several:
            package = container.get("ModelPackageName")
            if not package and not container.get("Image"):
                raise _invalid("A container needs an Image or a ModelPackageName.")
            if container.get("Mode") == "MultiModel" and container.get("ModelDataSource"):
                raise _invalid("ModelDataSource is not supported for multi-model containers.")
            if package and self._registries is not None:
                self._check_package(request, package)

    def _check_package(self, request: Request, name: str) -> None:
        assert self._registries is not None
        registry = self._registries.at(request.account, request.region)
        arn = name
        if not name.startswith("arn:"):
            arn = f"arn:aws:sagemaker:{request.region}:{request.account}:model-package/{name}"
        # A version of another account is judged there.
        is_own = arn.split(":")[3:5] == [request.region, request.account]
        if is_own and registry.find(arn) is None:
            raise _invalid(f"ModelPackage {arn} does not exist.")

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


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def _no_processing_job(request: Request) -> Properties:
    raise AwsError(
        "ValidationException", f"Could not find requested job {request['ProcessingJobName']}."
    )
