"""Opens the run of an upload: what it starts, what it reads, and that nobody else has it."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.topic import Topic
from thriftline.core.errors import (
    DatasetChangedError,
    InvalidRunSpecError,
    ServiceUnavailableError,
    ThrottledError,
)
from thriftline.runs.aws.project_claims import ClaimsTable, ProjectClaims
from thriftline.runs.aws.runs_table import RunsTable, run_item
from thriftline.runs.domain.arrivals import (
    Action,
    Arrival,
    Claim,
    Decision,
    ProjectState,
    Settings,
    content_digest,
    decide,
    member_digests,
)
from thriftline.runs.domain.layout import run_id_of, run_prefix
from thriftline.runs.domain.raw_data import RawListing, as_one_file
from thriftline.runs.domain.uploads import classify
from thriftline.runs.schemas.run import DatasetFile, Run
from thriftline.runs.schemas.run_yaml import Defaults
from thriftline.runs.schemas.steps.opening import OpenRunRequest, OpenRunResponse
from thriftline.runs.steps.project_folder import files_beside, folder_of, settings_beside
from thriftline.runs.steps.raw_sources import RawSources
from thriftline.runs.steps.tell_no_run import tell_no_run

if TYPE_CHECKING:
    from thriftline.runs.schemas.run_spec import RunSpec

# A folder that changes during each of so many looks is being uploaded to; the machine asks again.
_MOST_LOOKS = 10


def open_run(
    request: OpenRunRequest,
    *,
    data: Bucket,
    artifacts: Bucket,
    runs: RunsTable,
    claims: ClaimsTable,
    alerts: Topic,
    defaults: Defaults,
    sources: RawSources,
    settle_seconds: int,
    now: datetime,
) -> OpenRunResponse:
    """Decides what an upload starts and, for a run, fixes its spec and its object versions.

    Returns:
        The decision: ``open``, with ``run.json`` written; ``duplicate`` of another run; ``wait``,
        once; or ``ignored``, with the reason.

    Raises:
        InvalidRunSpecError: ``run.yaml`` cannot be used, or the data set that it names.
        DatasetChangedError: files changed between a claim and its repetition.
    """
    look = _UploadReader(request, data, runs, claims, defaults, sources)
    for _ in range(_MOST_LOOKS):
        decision = look.decide()
        if decision.action not in (Action.OPEN, Action.REJECT):
            look.refuse_lost_claim(decision)
            if decision.tell:
                tell_no_run(request.upload, decision.tell, decision.reason, runs, alerts, now)
            return _answer(decision, request, settle_seconds)
        owner = look.claim(decision, now)
        if owner == request.execution_arn:
            return _opened(decision, request, look, artifacts, now)
        if owner:
            return _of_another(look.run_id, owner)
        look.forget()
    raise ThrottledError(f"{request.upload.key}: other uploads of the project are being opened.")


class _UploadReader:
    """What was read for one upload, and what is read when the decision asks for it."""

    def __init__(
        self,
        request: OpenRunRequest,
        data: Bucket,
        runs: RunsTable,
        claims: ClaimsTable,
        defaults: Defaults,
        sources: RawSources,
    ) -> None:
        upload = request.upload
        self.arrival = Arrival(
            upload.key, upload.version_id, request.execution_arn, request.settled
        )
        self.request = request
        self.project = classify(upload.key).project
        self.run_id = run_id_of(upload, self.project)
        self.spec: RunSpec | None = None
        self.listing: RawListing | None = None
        self._data, self._runs, self._claims, self._defaults = data, runs, claims, defaults
        self._sources = sources
        self.forget()

    def forget(self) -> None:
        """Lets the next decision look anew."""
        self._settings: Settings | None = None
        self._state: ProjectState | None = None
        self._seen = ProjectClaims(0, ())

    def decide(self) -> Decision:
        """Asks for a decision, and looks as far as it wants."""
        for _ in range(_MOST_LOOKS):
            decision = decide(self.arrival, self._settings, self._state)
            if decision.action is Action.READ_SETTINGS:
                self._settings, self.spec = settings_beside(
                    self._data, self.project, self._defaults
                )
                self._state = None
            elif decision.action is Action.LOOK:
                self._seen = self._claims.read(self.project)
                self._state = self._look()
            else:
                return decision
        raise ServiceUnavailableError(f"{self.arrival.key}: run.yaml changes while it is read.")

    def _look(self) -> ProjectState:
        folder = files_beside(self._data, self.project)
        prepare = self.spec.prepare if self.spec else None
        if prepare is None or prepare.source is None:
            self.listing = None
            return ProjectState(folder, self._with_endings())
        self.listing = self._sources.listing(prepare)
        problem = self.listing.problem
        source = None if problem else as_one_file(prepare.source, self.listing)
        return ProjectState(folder, self._with_endings(), source, problem)

    def _with_endings(self) -> tuple[Claim, ...]:
        ended = self._runs.statuses([one.run_id for one in self._seen.claims])
        return tuple(replace(one, ended=ended.get(one.run_id)) for one in self._seen.claims)

    @property
    def own(self) -> Claim | None:
        """The claim that this execution made before, when it is a retry."""
        found = (one for one in self._seen.claims if one.trigger == self.arrival.trigger)
        return next((one for one in found if one.execution_arn == self.arrival.execution_arn), None)

    def refuse_lost_claim(self, decision: Decision) -> None:
        """A retry that decides otherwise than before must not end as if nothing was claimed."""
        if self.own:
            raise DatasetChangedError(
                f"{self.request.upload.key}: {decision.reason}, while its run was opened."
            )

    def claim(self, decision: Decision, now: datetime) -> str | None:
        """Makes the run this execution's own and returns whose it is; None: look again.

        Raises:
            DatasetChangedError: this execution has claimed another set of versions before.
        """
        wanted = Claim(
            run_id=self.run_id,
            execution_arn=self.arrival.execution_arn,
            trigger=self.arrival.trigger,
            settings_version=self._settings.version_id if self._settings else None,
            settings_digest=self._settings.digest if self._settings else "",
            members=member_digests(decision.members),
            content=content_digest(decision.members),
        )
        if self.own:
            if self.own != wanted:
                raise DatasetChangedError(
                    f"{self.request.upload.key}: files changed while its run was opened; "
                    "upload it again."
                )
            return wanted.execution_arn
        item = run_item(
            self.run_id, self.project, self.request.upload, self.arrival.execution_arn, now
        )
        if self._claims.add(self.project, self._seen, wanted, item):
            return wanted.execution_arn
        # Old claims fall out of the project's item, and the failure of an opening makes none.
        return (self._runs.get(self.run_id) or {}).get("execution_arn")


def _opened(
    decision: Decision,
    request: OpenRunRequest,
    look: _UploadReader,
    artifacts: Bucket,
    now: datetime,
) -> OpenRunResponse:
    if decision.action is Action.REJECT or look.spec is None:
        raise InvalidRunSpecError(decision.reason)
    files = _files(decision, request, look)
    prepares = look.spec.prepare is not None
    run = Run(
        run_id=look.run_id,
        project=look.project,
        upload=request.upload,
        execution_arn=request.execution_arn,
        opened_at=now,
        spec=look.spec,
        files=() if prepares else files,
        raw_files=files if prepares else (),
        left_out=decision.left_out,
    )
    artifacts.write_json(f"{run_prefix(run.run_id)}run.json", run.model_dump_json(indent=2))
    return OpenRunResponse(
        decision="open", run_id=run.run_id, reason=decision.reason, prepares=prepares
    )


def _files(
    decision: Decision, request: OpenRunRequest, look: _UploadReader
) -> tuple[DatasetFile, ...]:
    if look.listing:
        return tuple(
            DatasetFile(bucket=one.bucket, key=one.key, version_id=one.identity, size=one.size)
            for one in look.listing.files
        )
    return tuple(
        DatasetFile(
            bucket=request.upload.bucket,
            key=folder_of(look.project) + one.file.name,
            version_id=one.file.version_id,
            size=one.file.size,
            split=one.split,
        )
        for one in decision.members
    )


def _of_another(run_id: str, owner: str) -> OpenRunResponse:
    return OpenRunResponse(
        decision="duplicate",
        run_id=run_id,
        reason=f"run {run_id} of this object version belongs to {owner}",
        owner_execution_arn=owner,
    )


def _answer(decision: Decision, request: OpenRunRequest, settle_seconds: int) -> OpenRunResponse:
    if decision.action is Action.WAIT:
        return OpenRunResponse(
            decision="wait", run_id=None, reason=decision.reason, wait_seconds=settle_seconds
        )
    rival = decision.rival
    return OpenRunResponse(
        decision="duplicate" if rival else "ignored",
        run_id=rival.run_id if rival else None,
        reason=decision.reason,
        owner_execution_arn=rival.execution_arn if rival else None,
    )
