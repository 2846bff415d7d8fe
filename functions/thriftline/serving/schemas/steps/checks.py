"""What the checks before a deployment found."""

from thriftline.core.payload import Payload


class CheckDeploymentResponse(Payload):
    """Everything that was looked at passed; dollars as decimal strings, null where unknown."""

    deployment_id: str
    wanted: str
    former: str | None
    rollout_usd: str | None
    month_usd: str | None
    serves_already: bool = False
