"""What is looked at before a deployment starts. What is not known refuses it as a "no" does."""

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted
from thriftline.serving.domain.kinds import Kind, ServingBudget
from thriftline.serving.domain.verdicts import IN_SERVICE, UPDATE_ROLLBACK_FAILED

# S3 answers a GetObject of these only after a restore of hours.
ARCHIVED_CLASSES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
MOST_SERVERLESS_IMAGE_BYTES = 10 * 1024**3
_BY_DIGEST = "@sha256:"


@dataclass(frozen=True)
class Artifact:
    """A model's ``model.tar.gz``. ``found`` None: nobody could say."""

    uri: str
    found: bool | None
    storage_class: str = "STANDARD"
    restored: bool = False


@dataclass(frozen=True)
class Image:
    """The image. ``found`` and ``size_bytes`` None: nobody could say."""

    uri: str
    found: bool | None
    size_bytes: int | None = None


@dataclass(frozen=True)
class Quota:
    """Instances that the account may have behind endpoints and those it has. None: unknown."""

    instance_type: str
    limit: int | None
    used: int | None
    wanted: int


@dataclass(frozen=True)
class Money:
    """The prices of what is planned, in US dollars. None: unknown."""

    rollout_usd: Decimal | None
    month_usd: Decimal | None


@dataclass(frozen=True)
class Situation:
    """All that was looked at. A part that is None does not apply to the kind.

    ``alarms`` are states by name: OK, ALARM, INSUFFICIENT_DATA; None is one that does not exist.
    ``endpoint_status`` is None where there is no endpoint yet.
    """

    kind: Kind
    artifact: Artifact
    image: Image
    quota: Quota | None
    money: Money
    budget: ServingBudget
    alarms: Mapping[str, str | None] = field(default_factory=dict)
    endpoint_status: str | None = None
    serves: str | None = None
    wanted: str = ""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. ``fix`` is empty where it passed."""

    name: str
    passed: bool
    sentence: str
    fix: str = ""


def checks(situation: Situation) -> tuple[Check, ...]:
    """Returns everything that was looked at, in the order of a deployment."""
    found = [
        _endpoint(situation),
        _artifact(situation.artifact),
        _image(situation),
        *([_quota(situation.quota)] if situation.quota else []),
        *(_alarm(name, state) for name, state in situation.alarms.items()),
        _rollout_money(situation),
        _month_money(situation),
    ]
    return tuple(found)


def refused_by(looked_at: tuple[Check, ...]) -> tuple[Check, ...]:
    """Returns the checks that stand against the deployment."""
    return tuple(one for one in looked_at if not one.passed)


def _endpoint(situation: Situation) -> Check:
    status = situation.endpoint_status
    if status is None:
        return Check("endpoint", True, "There is no endpoint yet; it is created.")
    if status == "Failed":
        return Check(
            "endpoint",
            False,
            "The endpoint is Failed, and SageMaker allows nothing but its deletion.",
            "delete the endpoint and deploy again; its configs and models are kept",
        )
    if status == UPDATE_ROLLBACK_FAILED:
        return Check(
            "endpoint",
            True,
            f"The endpoint is {status}: it serves a mix, which another update ends.",
        )
    if status != IN_SERVICE:
        return Check(
            "endpoint",
            False,
            f"The endpoint is {status}; SageMaker refuses a change until it is {IN_SERVICE}.",
            "wait until it has settled and deploy again",
        )
    if situation.wanted and situation.serves == situation.wanted:
        return Check(
            "endpoint",
            False,
            f"The endpoint serves {situation.wanted} already; there is nothing to roll out.",
            "change serve.yaml or approve another version",
        )
    return Check("endpoint", True, f"The endpoint is {IN_SERVICE}.")


def _artifact(artifact: Artifact) -> Check:
    if artifact.found is None:
        return Check(
            "artifact",
            False,
            f"Whether {artifact.uri} exists could not be read.",
            "let the function's role read it",
        )
    if not artifact.found:
        return Check(
            "artifact",
            False,
            f"{artifact.uri} does not exist; SageMaker would try for up to an hour.",
            "train the version again, or restore the object from its bucket's versions",
        )
    if artifact.storage_class in ARCHIVED_CLASSES and not artifact.restored:
        return Check(
            "artifact",
            False,
            f"{artifact.uri} is archived in {artifact.storage_class} and cannot be read.",
            "restore the object (aws s3api restore-object) and deploy again",
        )
    return Check("artifact", True, f"{artifact.uri} can be read.")


def _image(situation: Situation) -> Check:
    image = situation.image
    if image.found is False:
        return Check(
            "image",
            False,
            f"ECR has no image {image.uri}.",
            "build and push the image (training_image/README.md) and deploy again",
        )
    if image.found is None:
        return Check(
            "image",
            False,
            f"Whether ECR has the image {image.uri} could not be read.",
            "let the function's role read the repository",
        )
    if _BY_DIGEST not in image.uri:
        return Check(
            "image",
            False,
            f"{image.uri} is named by a tag, which may point to another image tomorrow.",
            "register the version with its image's digest (repository@sha256:...)",
        )
    if situation.kind is Kind.SERVERLESS:
        return _small_image(image)
    return Check("image", True, f"{image.uri} is there.")


def _small_image(image: Image) -> Check:
    if image.size_bytes is None:
        return Check(
            "image",
            False,
            f"The size of {image.uri} is not known; serverless takes up to 10 GB.",
            "let the function's role read the repository",
        )
    if image.size_bytes > MOST_SERVERLESS_IMAGE_BYTES:
        return Check(
            "image",
            False,
            f"{image.uri} has {image.size_bytes / 1024**3:,.1f} GB; serverless takes up to 10 GB.",
            "build the slim CPU image (docs/serving.md), or say kind: real-time",
        )
    return Check("image", True, f"{image.uri} has {image.size_bytes / 1024**3:,.1f} GB.")


def _quota(quota: Quota) -> Check:
    what = f"{counted(quota.wanted, 'instance')} {quota.instance_type} more"
    if quota.limit is None or quota.used is None:
        return Check(
            "quota",
            False,
            f"Whether the account may have {what} behind endpoints is not known.",
            "let the function's role read the service quotas",
        )
    free = quota.limit - quota.used
    if free < quota.wanted:
        return Check(
            "quota",
            False,
            f"The roll-out needs {what}; the account's quota is {quota.limit} and "
            f"{quota.used} are in use.",
            "ask for a higher quota, say a smaller count, or roll out with type: rolling",
        )
    return Check("quota", True, f"The account may have {what}.")


def _alarm(name: str, state: str | None) -> Check:
    if state is None:
        return Check(
            "alarms",
            False,
            f"The alarm {name} does not exist; nothing would be rolled back by it.",
            "create it, or take it out of alarms.names",
        )
    if state == "ALARM":
        return Check(
            "alarms",
            False,
            f"The alarm {name} is in ALARM already; SageMaker would roll back at once.",
            "find out why, or take it out of alarms.names",
        )
    return Check("alarms", True, f"The alarm {name} is quiet ({state}).")


def _rollout_money(situation: Situation) -> Check:
    usd, cap = situation.money.rollout_usd, situation.budget.max_rollout_usd
    # Before a first version there is no fleet to pay beside the new one.
    fleets = "The new fleet costs" if situation.endpoint_status is None else "Both fleets cost"
    if usd is None:
        return _unpriced("price of the roll-out", cap, "budget.max_rollout_usd", situation.budget)
    if cap is not None and usd > cap:
        return Check(
            "price of the roll-out",
            False,
            f"{fleets} {usd:,.2f} USD until the roll-out ends; "
            f"budget.max_rollout_usd is {cap:,.2f}.",
            "raise the budget, shorten the waits, or roll out with type: rolling",
        )
    return Check("price of the roll-out", True, f"{fleets} {usd:,.2f} USD until the roll-out ends.")


def _month_money(situation: Situation) -> Check:
    usd, cap = situation.money.month_usd, situation.budget.max_month_usd
    if usd is None:
        if situation.kind is Kind.SERVERLESS and cap is None:
            return Check("price of a month", True, "Billed by the requests; no bound is set.")
        return _unpriced("price of a month", cap, "budget.max_month_usd", situation.budget)
    if cap is not None and usd > cap:
        return Check(
            "price of a month",
            False,
            f"A month costs up to {usd:,.2f} USD; budget.max_month_usd is {cap:,.2f}.",
            "raise the budget, or say fewer instances, scaling.max or a schedule",
        )
    return Check("price of a month", True, f"A month costs up to {usd:,.2f} USD.")


def _unpriced(name: str, cap: Decimal | None, key: str, budget: ServingBudget) -> Check:
    if cap is None and budget.unpriced:
        return Check(name, True, "The price is not known, and budget.unpriced allows that.")
    fix = "refresh the price list (make prices)"
    if cap is None:
        return Check(name, False, "The price is not known.", f"{fix}, or say budget.unpriced: true")
    return Check(
        name,
        False,
        f"The price is not known, so {key} cannot be held.",
        f"{fix}, or take {key} out and say budget.unpriced: true",
    )
