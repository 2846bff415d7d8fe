"""What an upload starts: one pure function of what arrived and of what is known.

A data set is claimed, not an upload: the set of its object versions and the settings that it is
trained with. So whatever arrives first, between, late or twice, one data set is one run. Looks
cost time and money; ``decide`` asks for them one by one, and most files need none.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from enum import Enum

from thriftline.core.dataclass import dataclass
from thriftline.core.text import plain
from thriftline.runs.domain.uploads import (
    RUN_SPEC_NAME,
    SPLITS,
    ClassifiedUpload,
    Patterns,
    UploadKind,
    classify,
    is_data_file,
    is_named,
    is_nearly_run_spec,
    may_stand_alone,
    split_files,
    split_of,
)

# More are one data set in too many pieces; one claim must stay small.
MOST_FILES = 10_000
_ENDED_WITHOUT_MODEL = frozenset({"rejected", "failed"})
_SHOWN_NAMES = 5


@dataclass(frozen=True)
class FileVersion:
    """The current version of one file of the project's folder; ``modified`` is in seconds."""

    name: str
    version_id: str
    size: int
    etag: str
    modified: float = 0.0


Folder = Mapping[str, FileVersion]


@dataclass(frozen=True)
class Settings:
    """What ``run.yaml`` and the stack's defaults ask for together.

    ``version_id`` is None when there is no run.yaml; ``problem`` says why it cannot be used. With
    ``prepares`` the data files are raw, and no data set before run.yaml says so; ``has_source`` is
    whether they lie elsewhere.
    """

    version_id: str | None
    digest: str = ""
    patterns: Patterns = field(default_factory=dict)
    repeat: bool = False
    problem: str | None = None
    prepares: bool = False
    has_source: bool = False

    @property
    def names_files(self) -> bool:
        """Whether it says which files are which split."""
        return any(self.patterns.values())


@dataclass(frozen=True)
class Claim:
    """A data set that has a run already. ``ended`` is the run's status, None while unknown."""

    run_id: str
    execution_arn: str
    trigger: str
    settings_version: str | None
    settings_digest: str
    members: frozenset[str]
    content: str
    ended: str | None = None

    @property
    def is_free_again(self) -> bool:
        """Whether the run ended without a model, so that its files may be trained once more."""
        return self.ended in _ENDED_WITHOUT_MODEL


@dataclass(frozen=True)
class Member:
    """One file of a data set. ``split`` is None when its rows are to be split."""

    file: FileVersion
    split: str | None


@dataclass(frozen=True)
class Arrival:
    """One event: a version of an object, and whether its execution has waited already."""

    key: str
    version_id: str
    execution_arn: str
    settled: bool

    @property
    def trigger(self) -> str:
        """What identifies the upload within its project."""
        return digest_of(self.key.rsplit("/", 1)[-1], self.version_id)


class Action(Enum):
    """What is to be done about an arrival."""

    OPEN = "open"
    REJECT = "reject"
    DUPLICATE = "duplicate"
    IGNORE = "ignore"
    WAIT = "wait"
    READ_SETTINGS = "read run.yaml and ask again"
    LOOK = "list the folder, read the claims and ask again"


@dataclass(frozen=True)
class Decision:
    """``tell`` is what the person who uploaded should be told about, once a day; empty: nothing."""

    action: Action
    reason: str
    members: tuple[Member, ...] = ()
    left_out: tuple[str, ...] = ()
    rival: Claim | None = None
    tell: str = ""


@dataclass(frozen=True)
class ProjectState:
    """One look: the folder's current versions, and the project's claims.

    ``source`` stands for the raw data that lies elsewhere, ``source_problem`` says why it cannot
    be read.
    """

    folder: Folder
    claims: tuple[Claim, ...]
    source: FileVersion | None = None
    source_problem: str | None = None


def digest_of(*parts: str) -> str:
    """Returns 16 hexadecimal digits that stand for the parts in their order."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def member_digests(members: Iterable[Member]) -> frozenset[str]:
    """Returns what stands in a claim for the object versions that a data set trains on."""
    return frozenset(
        digest_of(one.file.name, one.file.version_id)
        for one in members
        if one.split in (None, "train")
    )


def content_digest(members: Iterable[Member]) -> str:
    """Returns what two data sets of the same bytes in the same splits share.

    S3's ETag is a digest of the bytes unless the bucket has a KMS key; then no two are equal.
    """
    rows = sorted(f"{one.split or 'train'} {one.file.size} {one.file.etag}" for one in members)
    return digest_of(*rows)


def decide(arrival: Arrival, settings: Settings | None, state: ProjectState | None) -> Decision:
    """Returns what an arrival starts.

    Args:
        arrival: the event.
        settings: the current ``run.yaml``; None until ``READ_SETTINGS`` asked for it.
        state: None until ``LOOK`` asked for it.
    """
    upload = classify(arrival.key)
    if upload.kind is UploadKind.NOT_A_DATASET:
        return _ignore(upload.reason)
    is_spec = upload.kind is UploadKind.RUN_SPEC
    if not is_spec and not may_stand_alone(upload.name):
        return _ignore(f"{upload.name} is one file of several; {RUN_SPEC_NAME} starts their run")
    if settings is None:
        return Decision(Action.READ_SETTINGS, "the settings decide what belongs together")
    if not is_spec:
        early = _by_settings(upload, arrival, settings)
        if early:
            return early
    if state is None:
        return Decision(Action.LOOK, "what lies beside it decides")
    return _with_the_project(upload, arrival, settings, state)


def _ignore(reason: str, *, tell: str = "") -> Decision:
    return Decision(Action.IGNORE, reason, tell=tell)


def _by_settings(upload: ClassifiedUpload, arrival: Arrival, settings: Settings) -> Decision | None:
    """What is known of a data file without a look at the folder."""
    name = upload.name
    if settings.problem:
        return _ignore(
            f"{name} did not start: the run of {RUN_SPEC_NAME} says why that cannot be used; "
            f"upload a corrected {RUN_SPEC_NAME}",
            tell="broken run.yaml",
        )
    if settings.prepares:
        return _ignore(f"{name} is raw data of {RUN_SPEC_NAME}; upload {RUN_SPEC_NAME} to start")
    if settings.names_files:
        named = is_named(name, settings.patterns) or split_of(name)
        return _ignore(
            f"{name} belongs to the files of {RUN_SPEC_NAME}; upload {RUN_SPEC_NAME} to start"
            if named
            else f"{name} is in no split of {RUN_SPEC_NAME}, which names the files of its data set",
            tell="" if named else "in no split",
        )
    if not arrival.settled:
        return Decision(Action.WAIT, f"{name} may be one file of several")
    return None


def _with_the_project(
    upload: ClassifiedUpload, arrival: Arrival, settings: Settings, state: ProjectState
) -> Decision:
    own = next((one for one in state.claims if one.trigger == arrival.trigger), None)
    if own and own.execution_arn != arrival.execution_arn:
        return _duplicate(own, f"{upload.name} has started it already")
    if own:
        # A retry of this execution: nothing but its own claim has changed.
        arrival = replace(arrival, settled=True)
        state = replace(state, claims=tuple(one for one in state.claims if one is not own))
    current = state.folder.get(upload.name)
    if current is None or current.version_id != arrival.version_id:
        happened = "deleted" if current is None else "overwritten, and the newer version decides"
        return _ignore(f"this version of {upload.name} was {happened}")
    spec = state.folder.get(RUN_SPEC_NAME)
    if settings.version_id != (spec.version_id if spec else None):
        return Decision(Action.READ_SETTINGS, f"{RUN_SPEC_NAME} has just changed")
    if upload.kind is UploadKind.RUN_SPEC:
        return _of_run_spec(arrival, settings, state)
    return _of_file(current, upload, settings, state)


def _duplicate(rival: Claim, reason: str, *, tell: str = "") -> Decision:
    return Decision(Action.DUPLICATE, f"it is run {rival.run_id}: {reason}", rival=rival, tell=tell)


def _of_file(
    current: FileVersion, upload: ClassifiedUpload, settings: Settings, state: ProjectState
) -> Decision:
    """A data file that no run.yaml names: a whole data set, unless others say otherwise."""
    member = Member(current, None)
    holder = next((one for one in state.claims if member_digests([member]) <= one.members), None)
    if holder:
        return _duplicate(holder, f"this version of {upload.name} belongs to it")
    splits = split_files(state.folder, settings.patterns)
    others = [name for name in splits.members if name != upload.name]
    if upload.kind is UploadKind.SPLIT_FILE and others:
        return _ignore(
            f"{upload.name} is one file of several, with {_some(others)}; upload "
            f"{RUN_SPEC_NAME} (it may be empty) to start",
            tell="" if settings.version_id else "several files",
        )
    if others:
        return _ignore(
            f"{upload.name} lies beside {_some(others)} and is in no split; name "
            f"it in {RUN_SPEC_NAME}, or upload it to another project",
            tell="in no split",
        )
    misnamed = next((name for name in sorted(state.folder) if is_nearly_run_spec(name)), None)
    if misnamed and settings.version_id is None:
        return Decision(
            Action.REJECT,
            f"{RUN_SPEC_NAME}: '{plain(misnamed)}' lies beside the data and is not read; rename "
            f"it {RUN_SPEC_NAME}, or delete it, and upload the data again. Nothing was spent.",
        )
    return _open((member,), settings, state, f"{upload.name} is a whole data set")


def _of_run_spec(arrival: Arrival, settings: Settings, state: ProjectState) -> Decision:
    if settings.problem:
        return Decision(Action.REJECT, settings.problem)
    if settings.prepares:
        return _of_raw_data(arrival, settings, state)
    splits = split_files(state.folder, settings.patterns)
    if splits.missing:
        return _wait_or_ignore(
            arrival,
            f"{RUN_SPEC_NAME} names {_some(splits.missing)}, which is not there; "
            f"upload it and then {RUN_SPEC_NAME} again",
        )
    if not splits.files["train"]:
        return _of_lone_run_spec(arrival, settings, state)
    twice = splits.in_two_splits
    if twice:
        return Decision(
            Action.REJECT,
            f"{RUN_SPEC_NAME}: dataset: {plain(twice)} is in more than one split; a file "
            "belongs to one.",
        )
    if len(splits.members) > MOST_FILES:
        return _too_many("dataset", len(splits.members))
    is_whole = all(splits.files[split] or settings.patterns.get(split) for split in SPLITS)
    if not is_whole and not arrival.settled:
        return Decision(Action.WAIT, "more splits may come")
    members = tuple(
        Member(state.folder[name], split) for split in SPLITS for name in splits.files[split]
    )
    left_out = tuple(
        name
        for name in sorted(state.folder)
        if is_data_file(name) and name not in set(splits.members)
    )
    reason = f"{RUN_SPEC_NAME} and its files are there"
    return replace(_open(members, settings, state, reason), left_out=left_out)


def _of_raw_data(arrival: Arrival, settings: Settings, state: ProjectState) -> Decision:
    """A run.yaml that prepares raw data: all data files beside it, or what its source holds."""
    if settings.has_source:
        if state.source is None:
            return Decision(Action.REJECT, state.source_problem or "prepare.source is not there.")
        reason = f"{RUN_SPEC_NAME} names its raw data"
        return _open((Member(state.source, None),), settings, state, reason)
    data = [name for name in sorted(state.folder) if is_data_file(name)]
    # Spark passes over such files without a word, so that the result says it.
    hidden = tuple(name for name in data if name.startswith((".", "_")))
    names = [name for name in data if name not in hidden]
    if not names:
        unseen = f" (Spark does not read {_some(hidden)}: rename it)" if hidden else ""
        return _wait_or_ignore(
            arrival,
            f"{RUN_SPEC_NAME} has no data file beside it to prepare{unseen}; upload them and then "
            f"{RUN_SPEC_NAME} again, or name folders in prepare.source",
        )
    if not arrival.settled:
        return Decision(Action.WAIT, "more raw files may come")
    if len(names) > MOST_FILES:
        return _too_many("the project", len(names))
    members = tuple(Member(state.folder[name], None) for name in names)
    opened = _open(members, settings, state, f"{RUN_SPEC_NAME} and its raw data are there")
    return replace(opened, left_out=hidden)


def _too_many(whose: str, files: int) -> Decision:
    return Decision(
        Action.REJECT,
        f"{RUN_SPEC_NAME}: {whose}: {files:,} files; {MOST_FILES:,} are allowed. Merge some of "
        "them.",
    )


def _of_lone_run_spec(arrival: Arrival, settings: Settings, state: ProjectState) -> Decision:
    """A run.yaml without training files: it is of the one data file, or waits for the next."""
    waits = _wait_or_ignore(
        arrival,
        f"{RUN_SPEC_NAME} has no training file beside it; it holds for the next upload of one "
        f"file, or upload train.jsonl and then {RUN_SPEC_NAME} again",
    )
    files = [one for one in state.folder.values() if is_data_file(one.name)]
    if waits.action is Action.WAIT or len(files) != 1 or not may_stand_alone(files[0].name):
        return waits
    members = (Member(files[0], None),)
    held = [one for one in state.claims if member_digests(members) & one.members]
    same = next((one for one in held if one.settings_version == arrival.version_id), None)
    if same:
        return _duplicate(same, f"{RUN_SPEC_NAME} is the one that it uses")
    # A file that came later is still waited for by its own execution.
    comes = files[0].modified >= state.folder[RUN_SPEC_NAME].modified
    if comes or any(one.ended != "rejected" for one in held):
        return replace(waits, tell="")
    return _open(members, settings, state, f"{files[0].name} is a whole data set")


def _wait_or_ignore(arrival: Arrival, reason: str) -> Decision:
    if not arrival.settled:
        return Decision(Action.WAIT, reason)
    return _ignore(reason, tell=f"waits {arrival.trigger}")


def _open(
    members: tuple[Member, ...], settings: Settings, state: ProjectState, reason: str
) -> Decision:
    """Opens a run, unless there is nothing new: neither a training file nor a setting."""
    own, content = member_digests(members), content_digest(members)
    for claim in state.claims:
        if own <= claim.members and claim.settings_version == settings.version_id:
            return _duplicate(claim, "the same files with the same settings")
    standing = [one for one in state.claims if _stands(one, settings)]
    trained = frozenset[str]().union(*(one.members for one in standing))
    if own <= trained:
        rival = next(one for one in standing if own & one.members)
        return _duplicate(rival, f"it trains these files; {_ASK}", tell=content)
    equal = next(
        (one for one in standing if one.content == content and _same_settings(one, settings)), None
    )
    if equal:
        return _duplicate(equal, f"the same bytes with the same settings; {_ASK}", tell=content)
    return Decision(Action.OPEN, reason, members)


_ASK = f"to train all the same, say repeat: true in {RUN_SPEC_NAME} and upload again"


def _stands(claim: Claim, settings: Settings) -> bool:
    """Whether a claim keeps its files from another run with these settings.

    A run that began before its run.yaml came stands against any: that came late. Other settings
    than those of a run.yaml before are a wish for another run.
    """
    if claim.is_free_again or settings.repeat:
        return False
    return claim.settings_version is None or _same_settings(claim, settings)


def _same_settings(claim: Claim, settings: Settings) -> bool:
    return claim.settings_digest == settings.digest


def _some(names: Iterable[str]) -> str:
    shown = [plain(name) for name in names]
    more = len(shown) - _SHOWN_NAMES
    return ", ".join(shown[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
