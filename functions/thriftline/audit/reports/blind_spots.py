"""What no audit looks at: said in every report, so that silence is not taken for absence."""

from thriftline.audit.domain.parts import Scope
from thriftline.core.wording import counted

_WINDOW_OF_LIST_METRICS = 14
_NEVER = (
    "What runs inside HyperPod clusters and MLflow servers (they are listed, and whether anybody "
    "uses them is not known), what Canvas keeps beside its sessions, volumes of notebooks and "
    "Studio spaces, feature stores, Ground Truth, inference experiments by themselves, and what "
    "other services run for machine learning (EC2, EKS, EMR, Glue): their cost shows in "
    "the bill only.",
    "Endpoint configurations, images in ECR, and EFS volumes of Studio domains.",
    "Bedrock knowledge bases, agents, guardrails, batch jobs and Marketplace model endpoints.",
)


def not_looked_at(scope: Scope, window_days: int) -> tuple[str, ...]:
    """Returns what an audit of this scope and window cannot show."""
    if scope is Scope.IDLE_ENDPOINTS:
        return ("Everything but endpoints: the daily audit looks at the account.",)
    if window_days <= _WINDOW_OF_LIST_METRICS:
        return _NEVER
    forgotten = (
        "Bedrock models that nobody has called for two weeks: CloudWatch lists a metric for two "
        "weeks after its last datapoint, so what they used earlier in the "
        f"{counted(window_days, 'day')} is in the bill only."
    )
    return (*_NEVER, forgotten)
