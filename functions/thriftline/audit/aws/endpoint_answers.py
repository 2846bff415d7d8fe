"""The inference component that an answer of SageMaker describes."""

from datetime import datetime

from thriftline.audit.aws.collectors.reading import Answer
from thriftline.audit.domain.resources.endpoints import InferenceComponent
from thriftline.core.aws.endpoints.answers import specifications
from thriftline.core.aws.s3_uris import s3_uris


def component_of(answer: Answer) -> InferenceComponent:
    """Returns the component that an answer, or a saved one with times as text, describes."""
    models = (one.get("ModelName") for one in specifications(answer))
    return InferenceComponent(
        name=answer["InferenceComponentName"],
        variant=answer.get("VariantName", ""),
        status=answer.get("InferenceComponentStatus", ""),
        copies=answer.get("RuntimeConfig", {}).get("CurrentCopyCount"),
        models=tuple(dict.fromkeys(name for name in models if name)),
        artifact_s3_uris=tuple(sorted(set(s3_uris(answer)))),
        created=_time(answer["CreationTime"]),
        last_modified=_time(answer["LastModifiedTime"]),
    )


def _time(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
