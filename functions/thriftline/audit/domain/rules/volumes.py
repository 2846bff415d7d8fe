"""Rules on volumes that are billed while nothing runs on them."""

from collections.abc import Iterator
from datetime import timedelta

from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ApiCall, Change, Confidence, Effort, Severity, Signal
from thriftline.audit.domain.resources.notebooks import Notebook
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject, dollars
from thriftline.audit.domain.volume_costs import volume_month

_UNSEEN = "Whether anybody still needs what is on it."
_NO_PRICE = "The price of a volume in this region."


def _stopped_notebooks(subject: Subject) -> Iterator[Observation]:
    days = subject.parameters.volume_unused_days
    before = subject.inventory.now - timedelta(days=days)
    for notebook in subject.inventory.notebooks:
        if notebook.status != "Stopped" or notebook.last_modified > before:
            continue
        usd = volume_month(notebook.volume_gib, subject.inventory.region, subject.prices)
        size = "unknown size" if notebook.volume_gib is None else f"{notebook.volume_gib} GiB"
        yield Observation(
            resource=notebook.name,
            summary=f"It has been stopped since {notebook.last_modified:%Y-%m-%d}; its volume of "
            f"{size} costs {dollars(usd)} a month.",
            used=(
                Signal("Status", notebook.status),
                Signal("Last stopped or changed", f"{notebook.last_modified:%Y-%m-%d %H:%M} UTC"),
                Signal("VolumeSizeInGB", size),
            ),
            missing=(_UNSEEN, *([_NO_PRICE] if usd is None else [])),
            # The volume is idle for sure; that nobody wants its files is for a person to say.
            confidence=Confidence.LOW,
            monthly_usd=usd,
            change=Change(
                "Start it, copy what is worth keeping to S3, and delete the notebook instance. The "
                "command looks at it.",
                (ApiCall("sagemaker", "DescribeNotebookInstance", _named(notebook)),),
                "None: the volume goes with the notebook instance.",
            ),
        )


def _named(notebook: Notebook) -> dict[str, str]:
    return {"NotebookInstanceName": notebook.name}


def _spaces_without_apps(subject: Subject) -> Iterator[Observation]:
    inventory = subject.inventory
    before = inventory.now - timedelta(days=subject.parameters.volume_unused_days)
    used = {(app.domain_id, app.owner) for app in inventory.studio_apps if app.owner_is_space}
    for space in inventory.studio_spaces:
        if (
            space.volume_gib is None
            or space.last_modified > before
            or (space.domain_id, space.name) in used
        ):
            continue
        usd = volume_month(space.volume_gib, inventory.region, subject.prices)
        yield Observation(
            resource=space.key,
            summary=f"No app runs in it, and it was last changed on {space.last_modified:%Y-%m-%d}"
            f"; its volume of {space.volume_gib} GiB costs {dollars(usd)} a month.",
            used=(
                Signal("Apps of the space", "none"),
                Signal("LastModifiedTime", f"{space.last_modified:%Y-%m-%d %H:%M} UTC"),
                Signal("EbsVolumeSizeInGb", str(space.volume_gib)),
                Signal("Owner", space.owner or "shared"),
            ),
            missing=(
                "When somebody last worked in it: an app that was deleted leaves no trace.",
                _UNSEEN,
                *([_NO_PRICE] if usd is None else []),
            ),
            confidence=Confidence.LOW,
            monthly_usd=usd,
            change=Change(
                "Ask its owner, copy what is worth keeping to S3, and delete the space. The "
                "command looks at it.",
                (
                    ApiCall(
                        "sagemaker",
                        "DescribeSpace",
                        {"DomainId": space.domain_id, "SpaceName": space.name},
                    ),
                ),
                "None: the volume goes with the space.",
            ),
        )


RULES = (
    Rule(
        id="ml.sagemaker.notebook.stopped-volume",
        title="Volume of a notebook that stays stopped",
        resource_type=ResourceKind.NOTEBOOK,
        severity=Severity.LOW,
        effort=Effort.PROJECT,
        rationale="A notebook instance that is stopped still pays for its volume.",
        how="Stopped, and last changed more than `volume_unused_days` ago. Nobody but its owner "
        "knows what the files are worth: the confidence is low, and no audit deletes it.",
        evidence="DescribeNotebookInstance: NotebookInstanceStatus, LastModifiedTime, "
        "VolumeSizeInGB.",
        change="Copy what is worth keeping, and delete the notebook instance by hand.",
        undo="None.",
        thresholds=("volume_unused_days",),
        needs=frozenset({ResourceKind.NOTEBOOK}),
        look=_stopped_notebooks,
    ),
    Rule(
        id="ml.sagemaker.studio-space.unused",
        title="Volume of a Studio space without an app",
        resource_type=ResourceKind.STUDIO_SPACE,
        severity=Severity.LOW,
        effort=Effort.PROJECT,
        rationale="The volume of a space is billed until the space is deleted, with or without an "
        "app.",
        how="A space with a volume of its own, in which no app runs, and which was last changed "
        "more than `volume_unused_days` ago. Studio does not say when somebody last worked in a "
        "space: the confidence is low, and no audit deletes it.",
        evidence="ListSpaces: EbsVolumeSizeInGb, LastModifiedTime; ListApps.",
        change="Copy what is worth keeping, and delete the space by hand.",
        undo="None.",
        thresholds=("volume_unused_days",),
        needs=frozenset({ResourceKind.STUDIO_SPACE, ResourceKind.STUDIO_APP}),
        needs_whole=frozenset({ResourceKind.STUDIO_APP}),
        look=_spaces_without_apps,
    ),
)
