"""What Bedrock offers this account now, asked before anything is uploaded."""

from collections.abc import Callable
from datetime import UTC, datetime

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidRunSpecError, NoQuotaError
from thriftline.runs.trainers.bedrock.base_model_checks import require_on_demand
from thriftline.runs.trainers.bedrock.families import BaseModel, Customization
from thriftline.runs.trainers.bedrock.foundation_models import FoundationModel, FoundationModels
from thriftline.runs.trainers.bedrock.quotas import CustomModelQuotas, DeploymentQuotas

_ACTIVE = "ACTIVE"
# What the list of models knows of; it says nothing of reinforcement.
_LISTED: dict[Customization, str] = {
    "fine_tuning": "FINE_TUNING",
    "distillation": "DISTILLATION",
    "continued_pre_training": "CONTINUED_PRE_TRAINING",
}
_ASK = "Ask for more in Service Quotas, or say trainer: sagemaker. Nothing was spent."


@dataclass(frozen=True)
class Offers:
    """The base models of the region, and the account's quotas for custom ones."""

    models: Callable[[], FoundationModels]
    quotas: Callable[[], CustomModelQuotas]
    region: str

    def require(self, base: BaseModel, customization: Customization, now: datetime) -> None:
        """Refuses a base model that cannot be customized here now, or cannot be asked afterwards.

        Raises:
            InvalidRunSpecError: Bedrock does not offer it, or not for this.
            NoQuotaError: the account may have no deployment, or may not ask one.
        """
        require_on_demand(base)
        found = self.models().find(base.id)
        if found is None:
            raise _refusal(base, f"is not on offer in {self.region}")
        _require_life(base, found, now)
        wanted = _LISTED.get(customization)
        if wanted is not None and found.customizations and wanted not in found.customizations:
            raise _refusal(
                base, f"is offered for {', '.join(found.customizations)} and not for {wanted}"
            )
        self._require_quota(self._quotas_of(found))

    def requests_per_minute(self, base: BaseModel) -> int | None:
        """Returns what the account may ask its custom models in a minute, None if not known."""
        found = self.models().find(base.id)
        return self._quotas_of(found).requests_per_minute if found else None

    def _quotas_of(self, found: FoundationModel) -> DeploymentQuotas:
        return self.quotas().of(found.name)

    def _require_quota(self, quotas: DeploymentQuotas) -> None:
        if quotas.deployments == 0:
            raise NoQuotaError(
                f"The account may have 0 deployments of custom models in {self.region}: a tuned "
                f"model could not be asked. {_ASK}"
            )
        if quotas.requests_per_minute == 0:
            raise NoQuotaError(
                "The account may ask deployments of custom models 0 times a minute in "
                f"{self.region}: a tuned model could not be asked. {_ASK}"
            )


def _require_life(base: BaseModel, found: FoundationModel, now: datetime) -> None:
    if found.status and found.status != _ACTIVE:
        raise _refusal(base, f"is {found.status} and not {_ACTIVE}")
    end = found.end_of_life
    if end is not None and end.astimezone(UTC) <= now:
        raise _refusal(base, f"reached its end of life on {end.date()}")


def _refusal(base: BaseModel, what: str) -> InvalidRunSpecError:
    return InvalidRunSpecError(
        f"bedrock.base_model: {base.id} {what}, says Bedrock. Say another base model, or trainer: "
        "sagemaker. Nothing was spent."
    )
