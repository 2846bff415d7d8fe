"""What no audit looks at: said in every report, so that silence is not taken for absence."""

from thriftline.audit.domain.bedrock_use import forgotten_use
from thriftline.audit.domain.parts import Scope

_NEVER = (
    "What runs inside HyperPod clusters and MLflow servers (they are listed, and whether anybody "
    "uses them is not known), what Canvas keeps beside its sessions, feature stores, Ground Truth, "
    "inference experiments by themselves, and what other services run for machine learning (EC2, "
    "EKS, EMR, Glue): their cost shows in the bill only.",
    "Dollars of HyperPod, Canvas, MLflow and processing hours and of model units: they are counted "
    "and listed, and no price list here has their rates.",
    "Endpoint configurations, images in ECR, and EFS volumes of Studio domains.",
    "Bedrock knowledge bases, agents, guardrails, batch jobs and Marketplace model endpoints.",
)


def not_looked_at(scope: Scope, window_days: int) -> tuple[str, ...]:
    """Returns what an audit of this scope and window cannot show."""
    if scope is Scope.IDLE_ENDPOINTS:
        return ("Everything but endpoints: the daily audit looks at the account.",)
    forgotten = forgotten_use(window_days)
    return _NEVER if forgotten is None else (*_NEVER, forgotten)
