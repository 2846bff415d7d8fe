"""SageMaker's inference components: models that share the instances of an endpoint."""

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.pages import Listing
from local_aws.services.places import Places
from local_aws.services.sagemaker_store import (
    Properties,
    SageMakerStore,
    already_there,
    not_found,
)

_COMPONENTS = Listing("InferenceComponents", "InferenceComponentName", "InferenceComponentStatus")
_SUMMARY = (
    "CreationTime",
    "InferenceComponentArn",
    "InferenceComponentName",
    "EndpointArn",
    "EndpointName",
    "VariantName",
    "InferenceComponentStatus",
    "LastModifiedTime",
)


class SageMakerComponents:
    """The calls about inference components."""

    def __init__(self, stores: Places[SageMakerStore]) -> None:
        self._stores = stores

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "CreateInferenceComponent": self._create,
            "DeleteInferenceComponent": self._delete,
            "DescribeInferenceComponent": self._describe,
            "ListInferenceComponents": self._list,
            "UpdateInferenceComponentRuntimeConfig": self._update,
        }

    def _create(self, request: Request) -> Properties:
        store = self._stores.of(request)
        store.settle(request.now)
        name = request["InferenceComponentName"]
        arn = store.arn_of("inference-component", name)
        if name in store.components:
            raise already_there("inference component", arn)
        endpoint = store.endpoint(request["EndpointName"])
        variant = request.get("VariantName", endpoint.variants[0]["VariantName"])
        if variant not in {each["VariantName"] for each in endpoint.variants}:
            raise AwsError("ValidationException", f"The endpoint has no variant {variant}.")
        copies = request.get("RuntimeConfig", {}).get("CopyCount", 1)
        if copies < 1:
            raise AwsError("ValidationException", "CopyCount must be at least 1 at creation.")
        store.components[name] = {
            "InferenceComponentName": name,
            "InferenceComponentArn": arn,
            "EndpointName": endpoint.name,
            "EndpointArn": endpoint.arn,
            "VariantName": variant,
            "Specification": request.get("Specification", {}),
            "RuntimeConfig": {"DesiredCopyCount": copies, "CurrentCopyCount": copies},
            "CreationTime": request.now,
            "LastModifiedTime": request.now,
            "InferenceComponentStatus": "InService",
        }
        store.set_tags(arn, request.get("Tags"))
        return {"InferenceComponentArn": arn}

    def _find(self, request: Request) -> tuple[SageMakerStore, Properties]:
        store = self._stores.of(request)
        name = request["InferenceComponentName"]
        if name not in store.components:
            raise not_found("inference component", store.arn_of("inference-component", name))
        return store, store.components[name]

    def _describe(self, request: Request) -> Properties:
        return self._find(request)[1]

    def _list(self, request: Request) -> Properties:
        endpoint, variant = request.get("EndpointNameEquals"), request.get("VariantNameEquals")
        rows = [
            {key: each[key] for key in _SUMMARY}
            for each in self._stores.of(request).components.values()
            if endpoint in (None, each["EndpointName"]) and variant in (None, each["VariantName"])
        ]
        return _COMPONENTS.answer(rows, request)

    def _update(self, request: Request) -> Properties:
        component = self._find(request)[1]
        copies = request["DesiredRuntimeConfig"]["CopyCount"]
        component["RuntimeConfig"] = {"DesiredCopyCount": copies, "CurrentCopyCount": copies}
        component["LastModifiedTime"] = request.now
        return {"InferenceComponentArn": component["InferenceComponentArn"]}

    def _delete(self, request: Request) -> None:
        store, component = self._find(request)
        del store.components[component["InferenceComponentName"]]
        store.tags.pop(component["InferenceComponentArn"], None)
