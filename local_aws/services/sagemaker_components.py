"""SageMaker's inference components: models that share the instances of an endpoint."""

from collections.abc import Mapping
from fractions import Fraction

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services import sagemaker_rollouts as rollouts
from local_aws.services.hosting import Hosting
from local_aws.services.hosting_components import COPIES
from local_aws.services.pages import Listing
from local_aws.services.places import Places
from local_aws.services.sagemaker_rollouts import Kind
from local_aws.services.sagemaker_store import (
    Endpoint,
    Properties,
    SageMakerStore,
    already_there,
    not_found,
    settled,
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
_BUSY = ("Creating", "Updating", "Deleting")
# What would change where or how copies run, and does nothing here.
_NOT_DONE = ("BaseInferenceComponentName", "SchedulingConfig", "InstanceType")
_BATCH = (Fraction(1, 20), Fraction(1, 2))


class SageMakerComponents:
    """The calls about inference components."""

    def __init__(self, stores: Places[SageMakerStore], hosting: Hosting) -> None:
        self._stores = stores
        self._hosting = hosting

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "CreateInferenceComponent": self._create,
            "DeleteInferenceComponent": self._delete,
            "DescribeInferenceComponent": self._describe,
            "ListInferenceComponents": self._list,
            "UpdateInferenceComponent": self._update,
            "UpdateInferenceComponentRuntimeConfig": self._update_copies,
        }

    def _create(self, request: Request) -> Properties:
        store = settled(self._stores, request)
        name = request["InferenceComponentName"]
        arn = store.arn_of("inference-component", name)
        if name in store.components:
            raise already_there("inference component", arn)
        endpoint = store.endpoint(request["EndpointName"])
        variant = _variant(endpoint, request.get("VariantName"))
        copies = request.get("RuntimeConfig", {}).get("CopyCount", 1)
        if copies < 1:
            raise invalid("CopyCount must be at least 1 at creation.")
        specification = _checked(request)
        component: Properties = {
            "InferenceComponentName": name,
            "InferenceComponentArn": arn,
            "EndpointName": endpoint.name,
            "EndpointArn": endpoint.arn,
            "VariantName": variant,
            "Specification": _shown(specification, request),
            "RuntimeConfig": {"DesiredCopyCount": copies, "CurrentCopyCount": 0},
            "CreationTime": request.now,
            "LastModifiedTime": request.now,
        }
        if specification:
            component |= {"_model": _model(store, specification), "_key": name}
        store.components[name] = component
        store.set_tags(arn, request.get("Tags"))
        if specification:
            self._hosting.components.begin(store, component, Kind.CREATION, copies=copies)
        else:
            # Out of an account file, which tells nothing of what it serves: it is there at once.
            _stand(component, copies)
        return {"InferenceComponentArn": arn}

    def _find(self, request: Request) -> tuple[SageMakerStore, Properties]:
        store = settled(self._stores, request)
        name = request["InferenceComponentName"]
        if name not in store.components:
            raise not_found("inference component", store.arn_of("inference-component", name))
        return store, store.components[name]

    def _describe(self, request: Request) -> Properties:
        found = self._find(request)[1]
        return {key: value for key, value in found.items() if not key.startswith("_")}

    def _list(self, request: Request) -> Properties:
        endpoint, variant = request.get("EndpointNameEquals"), request.get("VariantNameEquals")
        rows = [
            {key: each[key] for key in _SUMMARY}
            for each in settled(self._stores, request).components.values()
            if endpoint in (None, each["EndpointName"]) and variant in (None, each["VariantName"])
        ]
        return _COMPONENTS.answer(rows, request)

    def _update(self, request: Request) -> Properties:
        store, component = self._idle(request)
        former = component["RuntimeConfig"]["DesiredCopyCount"]
        copies = request.get("RuntimeConfig", {}).get("CopyCount", former)
        specification = _checked(request)
        deployment = request.get("DeploymentConfig") or {}
        if not specification and deployment:
            raise invalid("DeploymentConfig needs a Specification.")
        if not specification:
            self._hosting.components.begin(store, component, Kind.RESIZE, copies=copies)
            return {"InferenceComponentArn": component["InferenceComponentArn"]}
        if "_model" not in component:
            raise AwsError(
                "NotImplementedByLocalAws",
                "The embedded AWS cannot update a component of which it does not know the model.",
                501,
            )
        self._check_deployment(store, deployment, copies)
        component["_revision"] = component.get("_revision", 0) + 1
        component["_next"] = {
            "_model": _model(store, specification),
            "_key": f"{component['InferenceComponentName']}#{component['_revision']}",
            "specification": _shown(specification, request),
            "former_copies": former,
            "share": 0.0,
        }
        if deployment:
            component["LastDeploymentConfig"] = deployment
        self._hosting.components.begin(
            store, component, Kind.UPDATE, copies=copies, deployment=deployment
        )
        return {"InferenceComponentArn": component["InferenceComponentArn"]}

    def _check_deployment(self, store: SageMakerStore, deployment: Properties, copies: int) -> None:
        policy = deployment.get("RollingUpdatePolicy")
        if not policy:
            return
        low, high = _BATCH
        size = policy["MaximumBatchSize"]
        part = Fraction(rollouts.capacity(size, copies), copies) if copies else low
        if size["Type"] == "CAPACITY_PERCENT":
            part = Fraction(size["Value"], 100)
        if not low <= part <= high:
            raise invalid(
                "MaximumBatchSize must be between 5% and 50% of the component's copies, not "
                f"{int(part * 100)}%."
            )
        limit = policy.get("MaximumExecutionTimeoutInSeconds")
        needed = rollouts.waits(deployment, {COPIES: copies})
        if limit is not None and limit <= needed:
            raise invalid(
                f"MaximumExecutionTimeoutInSeconds ({limit}) must be greater than all waits of "
                f"the deployment together ({needed:g} seconds)."
            )
        for alarm in deployment.get("AutoRollbackConfiguration", {}).get("Alarms", ()):
            if not self._hosting.alarms.exists(store.account, store.region, alarm["AlarmName"]):
                raise invalid(f"Could not find the CloudWatch alarm {alarm['AlarmName']}.")

    def _update_copies(self, request: Request) -> Properties:
        store, component = self._idle(request)
        copies = request["DesiredRuntimeConfig"]["CopyCount"]
        component["LastModifiedTime"] = request.now
        if "_model" in component:
            self._hosting.components.begin(store, component, Kind.RESIZE, copies=copies)
        else:
            _stand(component, copies)
        return {"InferenceComponentArn": component["InferenceComponentArn"]}

    def _idle(self, request: Request) -> tuple[SageMakerStore, Properties]:
        store, component = self._find(request)
        if component["InferenceComponentStatus"] in _BUSY:
            raise invalid(
                "Cannot update in-progress inference component "
                f'"{component["InferenceComponentArn"]}".'
            )
        return store, component

    def _delete(self, request: Request) -> None:
        store, component = self._find(request)
        if "_model" in component and component["InferenceComponentStatus"] != "Deleting":
            self._hosting.components.begin(store, component, Kind.DELETION, copies=0)
            return
        store.components.pop(component["InferenceComponentName"], None)
        store.tags.pop(component["InferenceComponentArn"], None)


def _stand(component: Properties, copies: int) -> None:
    component["RuntimeConfig"] = {"DesiredCopyCount": copies, "CurrentCopyCount": copies}
    component["InferenceComponentStatus"] = "InService"


def _variant(endpoint: Endpoint, asked: str | None) -> str:
    """Return the variant that a component goes to."""
    if endpoint.status != "InService":
        raise invalid(
            f'Cannot create an inference component on the endpoint "{endpoint.arn}": it is '
            f"{endpoint.status}, not InService."
        )
    name = asked or endpoint.variants[0]["VariantName"]
    if name not in {each["VariantName"] for each in endpoint.variants}:
        raise invalid(f"The endpoint has no variant {name}.")
    fleet = endpoint.fleet
    if fleet is not None and fleet.variant(name).get("ModelName"):
        raise invalid(
            f"The variant {name} has a model of its own: an endpoint for inference components "
            "has variants without ModelName."
        )
    return str(name)


def _checked(request: Request) -> Properties:
    """Return the specification of a request, empty when it has none."""
    if request.get("Specifications"):
        raise _not_done("Specifications")
    specification: Properties = request.get("Specification") or {}
    found = [name for name in _NOT_DONE if specification.get(name) is not None]
    if found:
        raise _not_done(", ".join(found))
    if not specification:
        return {}
    kinds = [name for name in ("ModelName", "Container") if specification.get(name)]
    if len(kinds) != 1:
        raise invalid("A specification needs either a ModelName or a Container.")
    return specification


def _model(store: SageMakerStore, specification: Mapping[str, Properties]) -> Properties:
    """Return what a specification serves, in the form of DescribeModel."""
    if name := specification.get("ModelName"):
        return store.model(str(name))
    container = specification["Container"]
    primary = {
        "Image": container.get("Image", ""),
        "ModelDataUrl": container.get("ArtifactUrl", ""),
        "Environment": container.get("Environment", {}),
        "Mode": "SingleModel",
    }
    return {"ModelName": "", "PrimaryContainer": {k: v for k, v in primary.items() if v}}


def _shown(specification: Properties, request: Request) -> Properties:
    """Return a specification as DescribeInferenceComponent shows it."""
    shown = dict(specification)
    if container := shown.get("Container"):
        image = container.get("Image", "")
        deployed = {
            "SpecifiedImage": image,
            "ResolvedImage": image,
            "ResolutionTime": request.now,
        }
        rest = {key: value for key, value in container.items() if key != "Image"}
        shown["Container"] = {**rest, "DeployedImage": deployed}
    return shown


def _not_done(what: str) -> AwsError:
    return AwsError("NotImplementedByLocalAws", f"The embedded AWS does not do {what}.", 501)


def invalid(message: str) -> AwsError:
    """Return SageMaker's error for a request that it does not take."""
    return AwsError("ValidationException", message)
