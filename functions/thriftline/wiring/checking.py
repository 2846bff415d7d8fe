"""What checks a deployment, put together for its function and for the dry run."""

from thriftline.money.price_catalogue import price_catalogue
from thriftline.serving.steps.checking_site import CheckingSite
from thriftline.wiring import serving as wiring


def checking_site() -> CheckingSite:
    """What is looked at before anything is changed."""
    return CheckingSite(
        documents=wiring.deployment_documents(),
        table=wiring.endpoints_table(),
        endpoints=wiring.endpoints(),
        objects=wiring.model_artifacts(),
        images=wiring.image_registry(),
        alarms=wiring.deployment_alarms(),
        quotas=wiring.hosting_quotas(),
        scaling=wiring.endpoint_scaling(),
        prices=price_catalogue(),
        region=wiring.settings().region,
        artifacts_bucket=wiring.settings().artifacts_bucket,
        role_arn=wiring.settings().serving_role_arn,
        topic_arn=wiring.settings().alerts_topic_arn,
    )
