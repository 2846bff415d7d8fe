"""Takes away what runs left on Bedrock that costs, and lets each project's champion answer."""

from collections.abc import Callable
from datetime import datetime

from thriftline.core.aws.executions import Executions
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ThriftlineError
from thriftline.runs.aws.model_registry import ModelRegistry, RegisteredModel
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.leftovers import UNSEEN, Belonging, Belongings, OwnRun, judged
from thriftline.runs.schemas.steps.sweeps import SweepBedrockResponse, TakenAway
from thriftline.runs.trainers.port import Trainer

_MOST_NAMED = 100
Report = Callable[[str, Exception], None]


@dataclass(frozen=True)
class BedrockSweeper:
    """What the sweep looks at."""

    belongings: Belongings
    runs: RunsTable
    registry: ModelRegistry
    executions: Executions
    trainer: Trainer

    def run_of(self, belonging: Belonging) -> OwnRun:
        """Returns what is known of the run that made a thing.

        Raises:
            ThriftlineError: something cannot be read.
        """
        item = self.runs.get(belonging.run_id) if belonging.run_id else None
        if belonging.run_id is None or not item:
            return UNSEEN
        arn = item.get("execution_arn")
        found = self.executions.look(str(arn)) if arn else None
        if found is not None and found.status == "RUNNING":
            return OwnRun(False)
        ended_at = found.ended_at if found is not None else _noted_end(item)
        if ended_at is None:
            return UNSEEN
        version = self.registry.version_of(
            belonging.run_id,
            str(item.get("project", "")),
            datetime.fromisoformat(str(item["opened_at"])),
        )
        if version is not None and not version.model_uri:
            return UNSEEN
        return OwnRun(True, ended_at, version.model_uri if version else None)


def sweep_bedrock(
    sweeper: BedrockSweeper, *, now: datetime, report: Report
) -> SweepBedrockResponse:
    """Deletes what a run left that is over, and what has passed its deadline; safe to repeat.

    What cannot be judged or deleted stays, is reported with its error, and keeps the sweep from
    nothing else.

    Raises:
        ThriftlineError: something could not be read; all else was done before.
    """
    kept, unknown = 0, 0
    taken: list[TakenAway] = []
    unread: ThriftlineError | None = None
    try:
        promoted = _aligned(sweeper, report)
    except ThriftlineError as error:
        # A throughput past its deadline does not wait for the registry.
        report("the model registry", error)
        promoted, unread = (), error
    for one in sweeper.belongings.all(report):
        try:
            # What has had its time goes also where nothing can be said of its run.
            run = UNSEEN if one.is_over(now) else sweeper.run_of(one)
            judgement = judged(one, run, now)
            if judgement.goes:
                sweeper.belongings.take_away(one)
        except ThriftlineError as error:
            report(one.name, error)
            unknown += 1
            continue
        if judgement.goes:
            taken.append(TakenAway(kind=one.kind, arn=one.arn, reason=judgement.reason))
        else:
            kept += 1
    if unread is not None:
        raise unread
    return SweepBedrockResponse(
        kept=kept,
        unknown=unknown,
        taken_away=tuple(taken[:_MOST_NAMED]),
        promoted=promoted,
    )


def _aligned(sweeper: BedrockSweeper, report: Report) -> tuple[str, ...]:
    """Lets each project's champion answer, such as one that a person approved in the registry.

    The registry is what counts: a deployment that answers with another model than the champion is
    set right, be it after an approval, a rejection or a roll back that was interrupted.
    """
    promoted = []
    for project in sweeper.registry.projects():
        try:
            champion = sweeper.registry.champion(project)
            if champion is not None and _promote(sweeper, champion, project):
                promoted.append(champion.package_arn)
        except ThriftlineError as error:
            report(project, error)
    return tuple(promoted)


def _promote(sweeper: BedrockSweeper, champion: RegisteredModel, project: str) -> bool:
    """Returns whether another deployment answers with the champion now than it has noted."""
    if (
        champion.trainer != sweeper.trainer.name
        or champion.run_id is None
        or champion.job_name is None
    ):
        return False
    # The name of another stack's group may begin like one of this stack's.
    if sweeper.runs.get(champion.run_id) is None:
        return False
    deployment = sweeper.trainer.promote(champion.job_name, champion.run_id, project)
    if deployment is None or deployment == champion.deployment_arn:
        return False
    sweeper.registry.note(champion.package_arn, deployment_arn=deployment)
    return True


def _noted_end(item: dict[str, object]) -> datetime | None:
    """Step Functions forgets an execution after 90 days; the run's item says when it ended."""
    noted = item.get("ended_at")
    return datetime.fromisoformat(str(noted)) if noted else None
