"""The two documents in which people and programs read how a run ended."""

from thriftline.core.aws.buckets import Bucket
from thriftline.runs.domain.layout import run_prefix
from thriftline.runs.reports.run_page import run_page
from thriftline.runs.schemas.result import Result

RESULT, REPORT = "result.json", "report.html"


def write_result(result: Result, artifacts: Bucket) -> None:
    """Writes ``result.json`` and ``report.html``."""
    prefix = run_prefix(result.run_id)
    artifacts.write_json(f"{prefix}{RESULT}", result.model_dump_json(indent=1))
    artifacts.write(f"{prefix}{REPORT}", run_page(result).encode(), "text/html; charset=utf-8")
