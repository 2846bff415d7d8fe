"""What opens a deployment, put together for its function and for the dry run."""

from thriftline.serving.steps.open_deployment import OpeningSite
from thriftline.wiring import serving as wiring


def opening_site() -> OpeningSite:
    """What a request for a deployment is read from."""
    return OpeningSite(
        stack=wiring.settings().stack_name,
        data=wiring.data_bucket(),
        table=wiring.endpoints_table(),
        documents=wiring.deployment_documents(),
        packages=wiring.model_packages(),
        alarms=wiring.deployment_alarms(),
        executions=wiring.executions(),
    )
