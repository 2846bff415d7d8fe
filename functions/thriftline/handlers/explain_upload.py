"""Lambda: says in the log why an upload started no run."""

from aws_lambda_powertools.utilities.parser.models import S3EventNotificationEventBridgeModel

from thriftline.core.observability import entry_point, logger
from thriftline.runs.schemas.steps import ExplainUploadResponse
from thriftline.runs.steps.explain_upload import explain_upload


@entry_point(S3EventNotificationEventBridgeModel)
def lambda_handler(event: S3EventNotificationEventBridgeModel) -> ExplainUploadResponse:
    """Names the pattern that the key missed; see ``explain_upload``."""
    response = explain_upload(event.detail.object.key)
    logger.warning(response.reason, key=event.detail.object.key)
    return response
