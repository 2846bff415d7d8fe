"""Lambda: says why an upload started no run."""

from aws_lambda_powertools.utilities.parser.models import S3EventNotificationEventBridgeModel

from thriftline.core.observability import entry_point, logger
from thriftline.core.text import plain
from thriftline.runs.domain.layout import Upload
from thriftline.runs.schemas.steps.opening import ExplainUploadResponse
from thriftline.runs.steps.explain_upload import explain_upload
from thriftline.wiring import runs as wiring


@entry_point(S3EventNotificationEventBridgeModel)
def lambda_handler(event: S3EventNotificationEventBridgeModel) -> ExplainUploadResponse:
    """Names the pattern that the key missed; see ``explain_upload``."""
    detail = event.detail
    response = explain_upload(
        Upload(
            detail.bucket.name,
            detail.object.key,
            detail.object.version_id or "null",
            size=int(detail.object.size or 0),
        ),
        artifacts=wiring.artifacts(),
        runs=wiring.runs_table(),
        alerts=wiring.alerts(),
        now=wiring.now(),
    )
    logger.warning(response.reason, key=plain(detail.object.key))
    return response
