"""SageMaker's hosting in memory: updates end as a test says, and every call can be made to fail."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def refusal(code: str, message: str, operation: str = "Call", status: int = 400) -> ClientError:
    """Returns what boto3 raises for a refused call."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]
        },
        operation,
    )


def _missing(what: str) -> ClientError:
    return refusal("ValidationException", f"Could not find {what}.")


class FakeHosting:
    """The calls of a SageMaker client that deployments make.

    ``script`` are the looks at an update, each a status and stages, until it ends as ``ends`` says:
    deployed, rolled_back, failed or rollback_failed. ``faults`` are errors by method, each raised
    once before the call does anything; ``lost`` are raised after it did.
    """

    def __init__(self) -> None:
        self.models: dict[str, dict[str, Any]] = {}
        self.configs: dict[str, dict[str, Any]] = {}
        self.endpoints: dict[str, dict[str, Any]] = {}
        self.components: dict[str, dict[str, Any]] = {}
        self.packages: dict[str, dict[str, Any]] = {}
        self.script: list[tuple[str, ...]] = [("Updating", "Creating"), ("Updating", "Baking")]
        self.ends = "deployed"
        self.failure_reason = ""
        self.calls: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self.faults: dict[str, list[ClientError]] = {}
        self.lost: dict[str, list[ClientError]] = {}
        self.on_look: Callable[[], None] = lambda: None

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if name.startswith(("describe_", "create_", "update_", "add_", "list_")):
            return object.__getattribute__(self, "_faulty")(name, found)
        return found

    def _faulty(self, name: str, method: Any) -> Any:
        def call(**request: Any) -> Any:
            self.calls.append(name)
            if self.faults.get(name):
                raise self.faults[name].pop(0)
            answer = method(**request)
            if self.lost.get(name):
                raise self.lost[name].pop(0)
            return answer

        return call

    # ---- endpoints

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        self.on_look()
        endpoint = self._known(self.endpoints, EndpointName, "endpoint")
        self._advance(endpoint)
        return {name: value for name, value in endpoint.items() if not name.startswith("_")}

    def create_endpoint(self, EndpointName: str, EndpointConfigName: str, **more: Any) -> None:
        self._free(self.endpoints, EndpointName)
        self._known(self.configs, EndpointConfigName, "endpoint configuration")
        self.requests.append({"EndpointConfigName": EndpointConfigName, **more})
        self.endpoints[EndpointName] = {
            "EndpointName": EndpointName,
            "EndpointStatus": "Creating",
            "EndpointConfigName": EndpointConfigName,
            "ProductionVariants": self._variants(EndpointConfigName),
            "_script": [("Creating",)],
            "_to": EndpointConfigName,
        }

    def update_endpoint(self, EndpointName: str, EndpointConfigName: str, **more: Any) -> None:
        endpoint = self._known(self.endpoints, EndpointName, "endpoint")
        if endpoint["EndpointStatus"] not in ("InService", "UpdateRollbackFailed"):
            raise refusal("ValidationException", "Cannot update in-progress endpoint.")
        self._known(self.configs, EndpointConfigName, "endpoint configuration")
        self.requests.append({"EndpointConfigName": EndpointConfigName, **more})
        endpoint |= {
            "EndpointStatus": "Updating",
            "PendingDeploymentSummary": {"EndpointConfigName": EndpointConfigName},
            "_script": list(self.script),
            "_to": EndpointConfigName,
        }

    def _advance(self, endpoint: dict[str, Any]) -> None:
        if "_to" not in endpoint:
            return
        if endpoint["_script"]:
            status, *stages = endpoint["_script"].pop(0)
            endpoint["EndpointStatus"] = status
            endpoint["PendingDeploymentSummary"] = {
                "EndpointConfigName": endpoint["_to"],
                "ProductionVariants": [{"VariantStatus": [{"Status": one} for one in stages]}],
            }
            return
        wanted = endpoint.pop("_to")
        endpoint.pop("PendingDeploymentSummary", None)
        created = endpoint["EndpointStatus"] == "Creating"
        endpoint["EndpointStatus"] = {
            "failed": "Failed",
            "rollback_failed": "UpdateRollbackFailed",
        }.get(self.ends, "InService")
        if self.failure_reason:
            endpoint["FailureReason"] = self.failure_reason
        if self.ends == "deployed" or created:
            endpoint["EndpointConfigName"] = wanted
            endpoint["ProductionVariants"] = self._variants(wanted)

    def _variants(self, config: str) -> list[dict[str, Any]]:
        return [
            {
                "VariantName": one["VariantName"],
                **(
                    {"DesiredInstanceCount": one["InitialInstanceCount"]}
                    if "InitialInstanceCount" in one
                    else {}
                ),
            }
            for one in self.configs[config]["ProductionVariants"]
        ]

    # ---- configs and models

    def describe_endpoint_config(self, EndpointConfigName: str) -> dict[str, Any]:
        return self._known(self.configs, EndpointConfigName, "endpoint configuration")

    def create_endpoint_config(self, EndpointConfigName: str, **more: Any) -> None:
        self._free(self.configs, EndpointConfigName)
        self.configs[EndpointConfigName] = {"EndpointConfigName": EndpointConfigName, **more}

    def describe_model(self, ModelName: str) -> dict[str, Any]:
        return self._known(self.models, ModelName, "model")

    def create_model(self, ModelName: str, **more: Any) -> None:
        self._free(self.models, ModelName)
        self.models[ModelName] = {"ModelName": ModelName, **more}

    # ---- components

    def describe_inference_component(self, InferenceComponentName: str) -> dict[str, Any]:
        component = self._known(self.components, InferenceComponentName, "inference component")
        if component.get("_next") is not None:
            component["InferenceComponentStatus"] = "InService"
            specification = component.pop("_next")
            if self.ends == "deployed":
                component["Specification"] = specification
        return component

    def create_inference_component(self, InferenceComponentName: str, **more: Any) -> None:
        self._free(self.components, InferenceComponentName)
        self.components[InferenceComponentName] = {
            "InferenceComponentStatus": "Creating",
            "Specification": more["Specification"],
            "RuntimeConfig": {"DesiredCopyCount": more["RuntimeConfig"]["CopyCount"]},
            "_next": more["Specification"],
        }

    def update_inference_component(self, InferenceComponentName: str, **more: Any) -> None:
        component = self._known(self.components, InferenceComponentName, "inference component")
        self.requests.append(more)
        component |= {"InferenceComponentStatus": "Updating", "_next": more["Specification"]}

    # ---- registry and lists

    def describe_model_package(self, ModelPackageName: str) -> dict[str, Any]:
        if ModelPackageName not in self.packages:
            raise refusal("ValidationException", f"ModelPackage {ModelPackageName} does not exist.")
        return self.packages[ModelPackageName]

    def get_paginator(self, operation: str) -> "_Pages":
        return _Pages(self, operation)

    @staticmethod
    def _known(where: dict[str, dict[str, Any]], name: str, what: str) -> dict[str, Any]:
        if name not in where:
            raise _missing(f'{what} "{name}"')
        return where[name]

    @staticmethod
    def _free(where: dict[str, dict[str, Any]], name: str) -> None:
        if name in where:
            raise refusal("ValidationException", f"Cannot create already existing {name}.")


class _Pages:
    def __init__(self, hosting: FakeHosting, operation: str) -> None:
        self._hosting = hosting
        self._operation = operation

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        hosting = self._hosting
        hosting.calls.append(self._operation)
        if hosting.faults.get(self._operation):
            raise hosting.faults[self._operation].pop(0)
        if self._operation == "list_endpoints":
            yield {"Endpoints": [{"EndpointName": name} for name in hosting.endpoints]}
            return
        found = [
            one
            for one in reversed(hosting.packages.values())
            if one["ModelPackageGroupName"] == request["ModelPackageGroupName"]
            and request.get("ModelApprovalStatus") in (None, one["ModelApprovalStatus"])
        ]
        yield {"ModelPackageSummaryList": found}
