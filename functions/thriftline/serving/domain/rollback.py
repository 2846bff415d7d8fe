"""Which version a rollback brings back, and whether everything of it is still there."""

from collections.abc import Sequence

from thriftline.core.dataclass import dataclass
from thriftline.serving.domain.checks import ARCHIVED_CLASSES, Artifact
from thriftline.serving.domain.versions import EndpointState, EndpointVersion


@dataclass(frozen=True)
class NoRollback:
    """Why nothing can be brought back, and what to do instead."""

    reason: str


def version_to_return_to(
    state: EndpointState | None,
    versions: Sequence[EndpointVersion],
    to_version: int | None = None,
) -> EndpointVersion | NoRollback:
    """Returns the entry of the history that a rollback goes to.

    Without a wish it is the one that was in use before the one in use. ``to_version`` is the
    number of an entry of the history.
    """
    if state is None or not versions:
        return NoRollback("The endpoint has no deployment that is known here; nothing was changed.")
    by_number = {one.number: one for one in versions}
    if to_version is not None:
        return _named(by_number, to_version)
    current = by_number.get(state.in_use or 0)
    if current is None:
        return NoRollback(
            "Which version is in use is not known; name one with to_version, one of "
            f"{_listed(by_number)}."
        )
    former = by_number.get(current.former or 0)
    if former is None:
        return NoRollback(
            f"Version {current.number} is the first that was deployed; there is no former one."
        )
    return former


def _named(by_number: dict[int, EndpointVersion], number: int) -> EndpointVersion | NoRollback:
    found = by_number.get(number)
    if found is None:
        return NoRollback(f"The history has no version {number}; it has {_listed(by_number)}.")
    return found


def _listed(by_number: dict[int, EndpointVersion]) -> str:
    return ", ".join(str(one) for one in sorted(by_number))


@dataclass(frozen=True)
class Remains:
    """What is still there of a version. ``artifact`` None: it was not looked at."""

    config: bool
    model: bool
    artifact: Artifact


def what_is_gone(version: EndpointVersion, remains: Remains) -> NoRollback | None:
    """Returns why a version cannot be brought back, None when all of it is there."""
    gone = []
    if not remains.config:
        gone.append(f"the endpoint config {version.config} was deleted")
    if not remains.model:
        gone.append(f"the model {version.model_name} was deleted")
    artifact = remains.artifact
    if artifact.found is False:
        gone.append(f"{artifact.uri} does not exist any more")
    if artifact.found is None:
        gone.append(f"whether {artifact.uri} exists could not be read")
    if artifact.found and artifact.storage_class in ARCHIVED_CLASSES and not artifact.restored:
        gone.append(f"{artifact.uri} is archived in {artifact.storage_class}")
    if not gone:
        return None
    return NoRollback(
        f"Version {version.number} cannot be brought back: {'; '.join(gone)}. Nothing was "
        "changed. Deploy its model package again, or another version."
    )
