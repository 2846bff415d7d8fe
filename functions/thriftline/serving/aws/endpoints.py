"""Endpoints, configs, models and components: looked at and asked for, never deleted."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import AwsRequestError
from thriftline.serving.domain.endpoint_requests import component_serves
from thriftline.serving.domain.kinds import Kind
from thriftline.serving.domain.verdicts import IN_SERVICE, EndpointView

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

Tags = Mapping[str, str]


@dataclass(frozen=True)
class LiveEndpoint:
    """An endpoint as SageMaker describes it. ``pending_config``: of the change under way."""

    name: str
    status: str
    config_name: str
    pending_config: str | None
    failure_reason: str
    stages: tuple[str, ...]
    variants: tuple[str, ...]
    instances: Mapping[str, int]

    @property
    def view(self) -> EndpointView:
        """What the verdict is read from, of a kind whose config is all that serves."""
        return EndpointView(self.status, self.config_name, self.failure_reason, self.stages)


@dataclass(frozen=True)
class LiveComponent:
    """An inference component as SageMaker describes it."""

    status: str
    specification: Mapping[str, Any]
    failure_reason: str
    copies: int | None

    @property
    def view(self) -> EndpointView:
        """What the verdict is read from."""
        return EndpointView(self.status, component_serves(self.specification), self.failure_reason)


def _is_missing(error: ClientError) -> bool:
    # SageMaker has no error code of its own for this.
    said = str(error.response.get("Error", {}).get("Message", "")).lower()
    missing = "could not find" in said or "not find" in said or "does not exist" in said
    return code_of(error) in {"ValidationException", "ResourceNotFound"} and missing


def _is_there(error: ClientError) -> bool:
    said = str(error.response.get("Error", {}).get("Message", ""))
    return "already exist" in said


class Endpoints:
    """SageMaker's hosting in one region, through one client."""

    def __init__(self, client: "SageMakerClient") -> None:
        self._client = client

    def look(self, name: str) -> LiveEndpoint | None:
        """Returns an endpoint, None when there is none."""
        found = self._described("endpoint", name, self._client.describe_endpoint, EndpointName=name)
        if found is None:
            return None
        variants: Sequence[Mapping[str, Any]] = found.get("ProductionVariants", ())
        pending: Mapping[str, Any] = found.get("PendingDeploymentSummary", {})
        return LiveEndpoint(
            name=name,
            status=found["EndpointStatus"],
            config_name=found.get("EndpointConfigName", ""),
            pending_config=pending.get("EndpointConfigName"),
            failure_reason=found.get("FailureReason", ""),
            stages=tuple(_stages(pending)),
            variants=tuple(one["VariantName"] for one in variants),
            instances={
                one["VariantName"]: one["DesiredInstanceCount"]
                for one in variants
                if one.get("DesiredInstanceCount") is not None
            },
        )

    def statuses(self, names: Collection[str], most_pages: int = 10) -> dict[str, str | None]:
        """Returns the status of each endpoint, by name; None of one that does not exist.

        One call shows a hundred endpoints of the account. An endpoint beyond the pages that are
        read is not in the answer.
        """
        if not names:
            return {}
        found: dict[str, str | None] = {}
        seen, most = 0, 100 * most_pages
        pages = self._client.get_paginator("list_endpoints").paginate(
            PaginationConfig={"PageSize": 100, "MaxItems": most}
        )
        with translated("listing endpoints"):
            for page in pages:
                seen += len(page["Endpoints"])
                found |= {one["EndpointName"]: one["EndpointStatus"] for one in page["Endpoints"]}
        missing: dict[str, str | None] = {} if seen >= most else dict.fromkeys(names)
        return missing | {name: found[name] for name in names if name in found}

    def config(self, name: str) -> Mapping[str, Any] | None:
        """Returns an endpoint config, None when there is none."""
        found: Mapping[str, Any] | None = self._described(
            "config", name, self._client.describe_endpoint_config, EndpointConfigName=name
        )
        return found

    def has_model(self, name: str) -> bool:
        """Whether a model of this name exists."""
        found = self._described("model", name, self._client.describe_model, ModelName=name)
        return found is not None

    def component(self, name: str) -> LiveComponent | None:
        """Returns an inference component, None when there is none."""
        found = self._described(
            "component",
            name,
            self._client.describe_inference_component,
            InferenceComponentName=name,
        )
        if found is None:
            return None
        return LiveComponent(
            status=found["InferenceComponentStatus"],
            specification=found.get("Specification", {}),
            failure_reason=found.get("FailureReason", ""),
            copies=found.get("RuntimeConfig", {}).get("DesiredCopyCount"),
        )

    def used_instances(self, instance_type: str, most: int = 100) -> int | None:
        """Returns how many instances of a type stand behind endpoints; None with too many to count.

        What cannot be described is not counted: SageMaker itself refuses what passes a quota.
        """
        with translated("listing endpoints"):
            pages = self._client.get_paginator("list_endpoints").paginate()
            names = [one["EndpointName"] for page in pages for one in page["Endpoints"]]
        if len(names) > most:
            return None
        return sum(self._instances_of(name, instance_type) for name in names)

    def _instances_of(self, name: str, instance_type: str) -> int:
        live = self.look(name)
        config = self.config(live.config_name) if live else None
        if live is None or config is None:
            return 0
        return sum(
            live.instances.get(one["VariantName"], one.get("InitialInstanceCount", 0))
            for one in config["ProductionVariants"]
            if one.get("InstanceType") == instance_type
        )

    def ensure_model(self, name: str, request: Mapping[str, Any], tags: Tags) -> None:
        """Makes a model if it is not there; the name stands for the content."""
        with translated(f"making the model {name}"):
            self._made(self._client.create_model, ModelName=name, **request, Tags=_tags(tags))

    def ensure_config(self, name: str, request: Mapping[str, Any], tags: Tags) -> None:
        """Makes an endpoint config if it is not there; one that is there is never changed."""
        with translated(f"making the endpoint config {name}"):
            self._made(
                self._client.create_endpoint_config,
                EndpointConfigName=name,
                **request,
                Tags=_tags(tags),
            )

    def create(self, name: str, config: str, tags: Tags) -> None:
        """Makes an endpoint; one that is there already is left as it is."""
        with translated(f"making the endpoint {name}"):
            self._made(
                self._client.create_endpoint,
                EndpointName=name,
                EndpointConfigName=config,
                Tags=_tags(tags),
            )

    def update(
        self,
        name: str,
        config: str,
        deployment: Mapping[str, Any] | None,
        *,
        retain_variants: bool,
    ) -> None:
        """Asks for another config; asked again while that change is under way it does nothing."""
        request: dict[str, Any] = {"EndpointName": name, "EndpointConfigName": config}
        if deployment:
            request["DeploymentConfig"] = deployment
        if retain_variants:
            request["RetainAllVariantProperties"] = True
        with translated(f"updating the endpoint {name} to {config}"):
            try:
                self._client.update_endpoint(**request)
            except ClientError:
                # The answer to the first call may have been lost.
                live = self.look(name)
                if live is None or config not in (live.pending_config, _settled(live)):
                    raise

    def create_component(
        self,
        name: str,
        endpoint: str,
        variant: str,
        specification: Mapping[str, Any],
        copies: int,
        tags: Tags,
    ) -> None:
        """Makes an inference component; one that is there already is left as it is."""
        with translated(f"making the inference component {name}"):
            self._made(
                self._client.create_inference_component,
                InferenceComponentName=name,
                EndpointName=endpoint,
                VariantName=variant,
                Specification=specification,
                RuntimeConfig={"CopyCount": copies},
                Tags=_tags(tags),
            )

    def update_component(
        self, name: str, specification: Mapping[str, Any], deployment: Mapping[str, Any] | None
    ) -> None:
        """Asks for another specification; asked again while that is under way it does nothing."""
        request: dict[str, Any] = {"InferenceComponentName": name, "Specification": specification}
        if deployment:
            request["DeploymentConfig"] = deployment
        with translated(f"updating the inference component {name}"):
            try:
                self._client.update_inference_component(**request)
            except ClientError:
                live = self.component(name)
                if live is None or live.status not in ("Updating", IN_SERVICE):
                    raise
                if live.status == IN_SERVICE and live.view.serves != component_serves(
                    specification
                ):
                    raise

    def tag(self, arn: str, tags: Tags) -> None:
        """Sets tags of something."""
        with translated(f"tagging {arn}"):
            self._client.add_tags(ResourceArn=arn, Tags=_tags(tags))

    @staticmethod
    def _made(call: Any, **request: Any) -> None:
        try:
            call(**request)
        except ClientError as error:
            if not _is_there(error):
                raise

    @staticmethod
    def _described(what: str, name: str, call: Any, **request: Any) -> Any:
        with translated(f"looking at the {what} {name}"):
            try:
                return call(**request)
            except ClientError as error:
                if not _is_missing(error):
                    raise
                return None


def _settled(live: LiveEndpoint) -> str | None:
    return live.config_name if live.status == IN_SERVICE else None


def _stages(pending: Mapping[str, Any]) -> Sequence[str]:
    return [
        status["Status"]
        for variant in pending.get("ProductionVariants", ())
        for status in variant.get("VariantStatus", ())
    ]


def _tags(tags: Tags) -> list[Any]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def instance_type_of(config: Mapping[str, Any]) -> str | None:
    """Returns the instance type of a config's first variant, None where it has none."""
    variants = config.get("ProductionVariants", ())
    return variants[0].get("InstanceType") if variants else None


def kind_of(config: Mapping[str, Any]) -> Kind:
    """Returns the kind of an endpoint by its config; a multi-model one looks like a real-time one.

    Raises:
        AwsRequestError: the config has no variant.
    """
    variants = config.get("ProductionVariants", ())
    if not variants:
        raise AwsRequestError("The endpoint config has no production variant.")
    if "ServerlessConfig" in variants[0]:
        return Kind.SERVERLESS
    if "AsyncInferenceConfig" in config:
        return Kind.ASYNCHRONOUS
    return Kind.REAL_TIME if "ModelName" in variants[0] else Kind.COMPONENT
