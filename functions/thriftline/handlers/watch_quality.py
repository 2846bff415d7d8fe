"""Lambda: the live quality of every endpoint with captured requests, on a schedule."""

from thriftline.core.observability import entry_point, logger
from thriftline.serving.schemas.quality import WatchQualityRequest, WatchQualityResponse
from thriftline.serving.steps.watch_quality import watch_quality
from thriftline.wiring import serving as wiring
from thriftline.wiring.quality import watch_sources


def _report(endpoint: str, error: Exception) -> None:
    logger.warning("An endpoint could not be watched", endpoint=endpoint, error=str(error))


@entry_point(WatchQualityRequest)
def lambda_handler(request: WatchQualityRequest) -> WatchQualityResponse:
    """Reads the hours that are over and judges their windows; see ``watch_quality``."""
    del request
    return watch_quality(watch_sources(), now=wiring.now(), report=_report)
