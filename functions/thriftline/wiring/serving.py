"""Puts the adapters of serving together from the environment, each when it is first asked for."""

from functools import cache

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.clients import client, client_without_retries, impatient_client
from thriftline.core.aws.executions import Executions
from thriftline.core.aws.target_clients import TargetClients
from thriftline.serving.aws.deployment_alarms import DeploymentAlarms
from thriftline.serving.aws.endpoint_scaling import EndpointScaling
from thriftline.serving.aws.endpoints import Endpoints
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.aws.hosting_quotas import HostingQuotas
from thriftline.serving.aws.image_registry import ImageRegistry
from thriftline.serving.aws.model_artifacts import ModelArtifacts
from thriftline.serving.aws.model_packages import ModelPackages
from thriftline.serving.aws.probes import Probes
from thriftline.serving.steps.deployment_documents import DeploymentDocuments
from thriftline.serving.steps.held_scaling import ScalingHold
from thriftline.wiring.shared import alerts, artifacts, event_bus, now, settings

__all__ = [
    "alerts",
    "artifacts",
    "data_bucket",
    "deployment_alarms",
    "deployment_documents",
    "endpoint_scaling",
    "endpoints",
    "endpoints_table",
    "event_bus",
    "executions",
    "hosting_quotas",
    "image_registry",
    "model_artifacts",
    "model_packages",
    "now",
    "probes",
    "scaling_hold",
    "settings",
]


@cache
def data_bucket() -> Bucket:
    """The bucket that people upload to; ``serve.yaml`` lies beside a project's data."""
    return Bucket(client("s3"), settings().data_bucket)


@cache
def endpoints_table() -> EndpointsTable:
    """The table of endpoints."""
    return EndpointsTable(client("dynamodb"), settings().endpoints_table)


@cache
def deployment_documents() -> DeploymentDocuments:
    """Where deployments are written down."""
    return DeploymentDocuments(artifacts(), endpoints_table())


@cache
def endpoints() -> Endpoints:
    """SageMaker's endpoints in the stack's region."""
    return Endpoints(client("sagemaker"))


@cache
def endpoint_scaling() -> EndpointScaling:
    """Application Auto Scaling of the endpoints in the stack's region."""
    return EndpointScaling(client("application-autoscaling"), client("cloudwatch"))


@cache
def model_packages() -> ModelPackages:
    """The stack's groups in SageMaker's model registry."""
    return ModelPackages(client("sagemaker"), settings().stack_name)


@cache
def model_artifacts() -> ModelArtifacts:
    """The artifacts of models, in whatever bucket they lie."""
    return ModelArtifacts(client("s3"))


@cache
def image_registry() -> ImageRegistry:
    """The images in ECR."""
    return ImageRegistry(client("ecr"))


@cache
def deployment_alarms() -> DeploymentAlarms:
    """CloudWatch's alarms and metrics of endpoints."""
    return DeploymentAlarms(client("cloudwatch"))


@cache
def hosting_quotas() -> HostingQuotas:
    """What the account may have behind endpoints."""
    return HostingQuotas(impatient_client("service-quotas"))


@cache
def probes() -> Probes:
    """The endpoints' callers' API; a probe that fails is an answer, so it is sent once."""
    return Probes(client_without_retries("sagemaker-runtime"))


@cache
def scaling_hold() -> ScalingHold:
    """Where scaling is set aside while an update changes the instance type."""
    return ScalingHold(deployment_documents(), TargetClients(settings().region), artifacts())


@cache
def executions() -> Executions:
    """The executions of the stack's machines."""
    return Executions(client("stepfunctions"))
