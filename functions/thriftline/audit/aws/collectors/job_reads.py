"""What a job reads of S3, out of the answer of its Describe call."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from thriftline.audit.aws.collectors.reading import Answer
from thriftline.core.aws.s3_uris import s3_uris
from thriftline.core.dataclass import dataclass

# Members under which a job says what it writes; whatever else it names it may read.
_WRITTEN = frozenset(
    {
        "CheckpointConfig",
        "DebugHookConfig",
        "ModelArtifacts",
        "OutputDataConfig",
        "ProcessingOutputConfig",
        "ProfilerConfig",
        "TensorBoardOutputConfig",
        "TransformOutput",
    }
)
_INPUTS = frozenset({"InputDataConfig", "ProcessingInputs", "TransformInput"})
_MANIFESTS = frozenset({"ManifestFile", "AugmentedManifestFile"})


@dataclass(frozen=True, slots=True)
class JobReads:
    """``uris`` stand for all that begins with them; ``manifests`` name more, and are not read."""

    uris: tuple[str, ...]
    manifests: tuple[str, ...]


def reads_of(answer: Answer, own: Iterable[str] = ()) -> JobReads:
    """Returns the S3 URIs of a job's inputs, hyperparameters, environment and arguments.

    ``own`` are the places that the job writes to: named again in a hyperparameter or argument,
    they are no input.
    """
    places = tuple(f"{uri.rstrip('/')}/" for uri in own)
    inputs = set(s3_uris({name: answer[name] for name in _INPUTS if name in answer}))
    rest = _without_written({key: one for key, one in answer.items() if key not in _INPUTS})
    others = {uri for uri in s3_uris(rest) if not f"{uri.rstrip('/')}/".startswith(places)}
    return JobReads(tuple(sorted(inputs | others)), tuple(sorted(set(_manifests(answer)))))


def _without_written(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_written(one) for key, one in value.items() if key not in _WRITTEN}
    if isinstance(value, list | tuple):
        return [_without_written(one) for one in value]
    return value


def _manifests(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if value.get("S3DataType") in _MANIFESTS and "S3Uri" in value:
            yield value["S3Uri"]
        for one in value.values():
            yield from _manifests(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _manifests(one)
