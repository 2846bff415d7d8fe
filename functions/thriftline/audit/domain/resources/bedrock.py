"""What Bedrock keeps, and what its models were asked in the window."""

from datetime import datetime

from thriftline.audit.domain.facts import Fact, Tags
from thriftline.core.dataclass import dataclass

# Before the id of a model that was called through the bedrock-mantle endpoint.
MANTLE = "bedrock-mantle/"


@dataclass(frozen=True, slots=True, kw_only=True)
class BedrockModelUse:
    """A model that CloudWatch lists for this account; its series are in the metrics.

    ``model_id`` is as CloudWatch writes it: a base model, an inference profile, or the ARN of a
    provisioned throughput or of a custom model deployment. The bedrock-mantle endpoint reports its
    calls in a namespace of its own; its models begin with ``MANTLE`` here.
    """

    model_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedThroughput:
    """Model units paid by the hour; with a commitment they cannot be deleted before its end.

    ``base_model`` is the plain id of the foundation model behind it.
    """

    name: str
    arn: str
    model_arn: str
    base_model: str | None = None
    units: int
    status: str
    commitment: str | None
    commitment_end: datetime | None
    created: datetime
    last_modified: datetime
    tags: Fact[Tags]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomModel:
    """A fine-tuned model, which costs storage every month.

    ``base_model`` is the plain id of the foundation model that it was tuned from.
    """

    name: str
    arn: str
    base_model: str | None
    created: datetime
    tags: Fact[Tags]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomModelDeployment:
    """An on-demand deployment of a custom model: it costs by the token, nothing when idle."""

    name: str
    arn: str
    model_arn: str
    status: str
    created: datetime
    tags: Fact[Tags] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceProfile:
    """An application inference profile: a name of the account's own for models it routes to."""

    name: str
    arn: str
    model_arns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedModel:
    """A model brought in by an import job."""

    name: str
    arn: str
    created: datetime
    tags: Fact[Tags]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bedrock:
    """All of it, in one region."""

    models: tuple[BedrockModelUse, ...]
    provisioned_throughputs: tuple[ProvisionedThroughput, ...]
    custom_models: tuple[CustomModel, ...]
    deployments: tuple[CustomModelDeployment, ...]
    imported_models: tuple[ImportedModel, ...]
    profiles: tuple[InferenceProfile, ...] = ()
