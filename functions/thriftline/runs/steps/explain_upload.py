"""Why an upload that the training rule did not match starts no run."""

from thriftline.runs.domain.uploads import KEY_PATTERN, UploadKind, classify
from thriftline.runs.schemas.steps import ExplainUploadResponse


def explain_upload(key: str) -> ExplainUploadResponse:
    """Returns the pattern that the key missed, as a sentence."""
    upload = classify(key)
    if upload.kind is UploadKind.NOT_A_DATASET:
        return ExplainUploadResponse(reason=f"no run: {upload.reason}")
    return ExplainUploadResponse(
        reason=f"no run: {key!r} is of the form {KEY_PATTERN}, but the rule did not match it"
    )
