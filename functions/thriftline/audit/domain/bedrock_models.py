"""What answers under an id that CloudWatch reports: the model behind it, and how far it routes.

The ARN of a deployment, a provisioned throughput or an application profile ends in twelve letters
and digits that are no model. Only the lists of the account say which model is behind it; where they
do not, or were not read, the model is unknown, and nothing is priced or proposed by a guess.
"""

from datetime import datetime
from enum import StrEnum

from thriftline.audit.domain.facts import Fact, Tags, Unread
from thriftline.audit.domain.resources.bedrock import MANTLE, Bedrock, CustomModel
from thriftline.core.dataclass import dataclass
from thriftline.core.tags import DEADLINE_TAG, PROJECT_TAG, RUN_ID_TAG
from thriftline.money.bedrock_names import GLOBAL, foundation_model, geography_of, scope_of

_KIND = 5
_REGION = 3
# Of a profile that routes to several regions whose geography has no name here.
_SOME_GEOGRAPHY = "geographic"


class Way(StrEnum):
    """How a model is asked, which says how it is billed."""

    ON_DEMAND = "on demand"
    APPLICATION_PROFILE = "application inference profile"
    DEPLOYMENT = "deployment of a custom model"
    UNITS = "provisioned throughput"
    IMPORTED = "imported model"
    MANTLE = "bedrock-mantle endpoint"
    UNKNOWN = "unknown"


_WAYS = {
    "foundation-model": Way.ON_DEMAND,
    "inference-profile": Way.ON_DEMAND,
    "application-inference-profile": Way.APPLICATION_PROFILE,
    "custom-model-deployment": Way.DEPLOYMENT,
    "provisioned-model": Way.UNITS,
    "imported-model": Way.IMPORTED,
}
# Ways in which the foundation model itself answers, at its own price for tokens.
UNTUNED = frozenset({Way.ON_DEMAND, Way.APPLICATION_PROFILE})


@dataclass(frozen=True, slots=True)
class AskedModel:
    """One id of CloudWatch, resolved.

    ``base`` is the plain id of the foundation model, None when it is not known. ``scope`` is how
    far a profile routes, None within its region. ``custom`` is the custom model in between.
    """

    model_id: str
    way: Way
    base: str | None = None
    scope: str | None = None
    custom: CustomModel | None = None

    @property
    def words(self) -> str:
        """What is behind the id, for a person."""
        if self.base is None:
            return f"{self.way}; its model is not known"
        tuned = f"custom model {self.custom.name} on " if self.custom else ""
        return f"{tuned}{f'{self.scope}.' if self.scope else ''}{self.base}, {self.way}"


def asked_model(model_id: str, bedrock: Bedrock) -> AskedModel:
    """Returns what is behind an id, by the lists of the account."""
    way = _way_of(model_id)
    match way:
        case Way.ON_DEMAND:
            return AskedModel(model_id, way, foundation_model(model_id), scope_of(model_id))
        case Way.APPLICATION_PROFILE:
            return _by_profile(model_id, bedrock)
        case Way.DEPLOYMENT:
            arn = next((one.model_arn for one in bedrock.deployments if one.arn == model_id), None)
            return _tuned(model_id, way, arn, bedrock)
        case Way.UNITS:
            return _by_units(model_id, bedrock)
    return AskedModel(model_id, way)


def _way_of(model_id: str) -> Way:
    if model_id.startswith(MANTLE):
        return Way.MANTLE
    if not model_id.startswith("arn:"):
        return Way.ON_DEMAND
    parts = model_id.split(":", _KIND)
    return _WAYS.get(parts[-1].partition("/")[0], Way.UNKNOWN)


def _tuned(model_id: str, way: Way, arn: str | None, bedrock: Bedrock) -> AskedModel:
    custom = next((one for one in bedrock.custom_models if one.arn == arn), None)
    base = (custom.base_model if custom else None) or foundation_model(arn or "") or None
    return AskedModel(model_id, way, base, None, custom)


def _by_units(model_id: str, bedrock: Bedrock) -> AskedModel:
    bought = next((one for one in bedrock.provisioned_throughputs if one.arn == model_id), None)
    if bought is None:
        return AskedModel(model_id, Way.UNITS)
    tuned = _tuned(model_id, Way.UNITS, bought.model_arn, bedrock)
    base = bought.base_model or tuned.base or foundation_model(bought.model_arn)
    return AskedModel(model_id, Way.UNITS, base, None, tuned.custom)


def _by_profile(model_id: str, bedrock: Bedrock) -> AskedModel:
    found = next((one for one in bedrock.profiles if one.arn == model_id), None)
    arns = found.model_arns if found else ()
    bases = {foundation_model(arn) for arn in arns}
    if len(bases) != 1:
        return AskedModel(model_id, Way.APPLICATION_PROFILE)
    return AskedModel(model_id, Way.APPLICATION_PROFILE, bases.pop(), _scope_of_copy(arns))


def _scope_of_copy(model_arns: tuple[str, ...]) -> str | None:
    """Returns how far a profile routes, by the regions of its models; a global one names none."""
    regions = {arn.split(":")[_REGION] for arn in model_arns}
    if "" in regions:
        return GLOBAL
    if len(regions) == 1:
        return None
    scopes = {geography_of(region) for region in regions}
    return (scopes.pop() if len(scopes) == 1 else None) or _SOME_GEOGRAPHY


def owner_of(tags: Fact[Tags]) -> str | None:
    """Returns which run of Thriftline made something, None when its tags do not say."""
    told = {} if isinstance(tags, Unread) else dict(tags)
    run = told.get(RUN_ID_TAG)
    if run is None:
        return None
    project = told.get(PROJECT_TAG)
    return f"run {run} of project {project}" if project else f"run {run}"


def deadline_of(tags: Fact[Tags]) -> datetime | str | None:
    """Returns until when something is to be kept: its tag as a text where that is no instant."""
    text = None if isinstance(tags, Unread) else dict(tags).get(DEADLINE_TAG)
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    return when if when.tzinfo else text
