"""Where a model's reference lies, and what the registry says of it."""

from thriftline.core.aws.buckets import Bucket
from thriftline.evaluation.reference_document import REFERENCE
from thriftline.runs.domain.layout import output_prefix


def reference_key(run_id: str) -> str:
    """Returns the key of ``reference.json``, beside the run's model: it lives as long."""
    return f"{output_prefix(run_id)}{REFERENCE}"


def reference_in_registry(run_id: str, artifacts: Bucket) -> dict[str, str]:
    """Returns what a version in the registry says of its reference, nothing where there is none."""
    key = reference_key(run_id)
    return {"reference": artifacts.uri(key)} if artifacts.current_version(key) else {}
