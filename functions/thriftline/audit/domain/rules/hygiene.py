"""Rules on what runs or grows unattended: notebooks, Studio apps, log groups, missing tags."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from thriftline.audit.domain.costs import monthly
from thriftline.audit.domain.facts import Fact, ResourceKind, Tags, Unread
from thriftline.audit.domain.findings import (
    ActionKind,
    ApiCall,
    Change,
    Confidence,
    Effort,
    Severity,
    Signal,
)
from thriftline.audit.domain.resource_kinds import TaggedResource, tagged_resources
from thriftline.audit.domain.resources.notebooks import StudioApp
from thriftline.audit.domain.rules.buckets import gigabytes
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject, dollars
from thriftline.core.wording import counted
from thriftline.money.instances import gpus_of
from thriftline.money.prices import NOTEBOOK

# Tags that AWS sets itself say nothing about who pays.
_OF_AWS = ("aws:", "sagemaker:", "bedrock:")
_MOST_NAMES = 20


def _hourly(instance_type: str | None, subject: Subject) -> tuple[Decimal | None, tuple[str, ...]]:
    """Returns the USD an hour, and what is not known about it."""
    region = subject.inventory.region
    price = subject.prices.notebook_rate(instance_type, region) if instance_type else None
    if price is None:
        return None, ("The notebook price of its type.",)
    if price.component != NOTEBOOK:
        return price.usd, ("The notebook price of its type: its hosting price stands in for it.",)
    return price.usd, ()


def _notebooks(subject: Subject) -> Iterator[Observation]:
    days = subject.parameters.notebook_idle_days
    before = subject.inventory.now - timedelta(days=days)
    for notebook in subject.inventory.notebooks:
        if notebook.status != "InService" or notebook.last_modified > before:
            continue
        rate, unpriced = _hourly(notebook.instance_type, subject)
        usd = None if rate is None else monthly(rate)
        yield Observation(
            resource=notebook.name,
            summary=f"It has run on {notebook.instance_type} without a stop since "
            f"{notebook.last_modified:%Y-%m-%d}: {dollars(usd)} a month.",
            used=(
                Signal("Status", notebook.status),
                Signal("Last started or changed", f"{notebook.last_modified:%Y-%m-%d %H:%M} UTC"),
                Signal("Lifecycle config", notebook.lifecycle_config or "none"),
            ),
            missing=(
                "Whether a kernel is busy: AWS does not say that of notebook instances.",
                *unpriced,
            ),
            # Its kernels are unseen, so one in use every day looks the same: a person decides.
            confidence=Confidence.LOW,
            monthly_usd=usd,
            severity=Severity.HIGH if gpus_of(notebook.instance_type) else Severity.MEDIUM,
            change=Change(
                "Stop it: its volume stays. A lifecycle config that stops idle notebooks keeps it "
                "so.",
                (
                    ApiCall(
                        "sagemaker",
                        "StopNotebookInstance",
                        {"NotebookInstanceName": notebook.name},
                    ),
                ),
                "StartNotebookInstance; what was only in memory is gone.",
            ),
        )


def _apps(subject: Subject) -> Iterator[Observation]:
    for app in subject.inventory.studio_apps:
        on_instance = app.instance_type not in (None, "system")
        if app.status != "InService" or not (on_instance or app.is_canvas):
            continue
        since = _idle_since(app, subject)
        if since is not None:
            yield _idle_app(app, since, subject)


def _idle_since(app: StudioApp, subject: Subject) -> datetime | None:
    """Returns since when nobody used an app, or since when it runs where that is not known."""
    now, parameters = subject.inventory.now, subject.parameters
    if app.knows_activity and app.last_user_activity is not None:
        silent = now - timedelta(hours=parameters.app_idle_hours)
        return app.last_user_activity if app.last_user_activity <= silent else None
    long_ago = now - timedelta(days=parameters.notebook_idle_days)
    return app.created if app.created <= long_ago else None


def _idle_app(app: StudioApp, since: datetime, subject: Subject) -> Observation:
    rate, unpriced = _hourly(None if app.is_canvas else app.instance_type, subject)
    usd = None if rate is None else monthly(rate)
    billed = "Canvas session" if app.is_canvas else app.instance_type
    costs = f"its {billed} costs {dollars(usd)} a month."
    said = f"Nobody has used it since {since:%Y-%m-%d %H:%M} UTC; {costs}"
    if not app.knows_activity:
        said = f"It has run since {since:%Y-%m-%d %H:%M} UTC; {costs}"
    activity = f"{app.last_user_activity:%Y-%m-%d %H:%M}" if app.last_user_activity else "none"
    return Observation(
        resource=f"{app.domain_id}/{app.owner}/{app.app_type}/{app.name}",
        summary=said,
        used=(
            Signal("LastUserActivityTimestamp", activity),
            Signal("Created", f"{app.created:%Y-%m-%d %H:%M}"),
        ),
        missing=(
            *unpriced,
            *(
                ()
                if app.knows_activity
                else (
                    "When somebody last worked in it: Studio's own health check renews that time.",
                )
            ),
        ),
        confidence=Confidence.MEDIUM if app.knows_activity else Confidence.LOW,
        monthly_usd=usd,
        severity=Severity.HIGH if gpus_of(app.instance_type or "") else None,
        change=Change(
            "Delete the app: files stay in the space; set an idle timeout for the next one.",
            (ApiCall("sagemaker", "DeleteApp", _app_name(app)),),
            "Open it again in Studio; what was only in memory is gone.",
        ),
    )


def _app_name(app: StudioApp) -> dict[str, str]:
    owner = {"SpaceName" if app.owner_is_space else "UserProfileName": app.owner}
    return {"DomainId": app.domain_id, **owner, "AppType": app.app_type, "AppName": app.name}


def _logs(subject: Subject) -> Iterator[Observation]:
    days = subject.parameters.log_retention_days
    for group in subject.inventory.log_groups:
        if group.retention_days is not None:
            continue
        yield Observation(
            resource=group.name,
            summary=f"{gigabytes(group.stored_bytes)} of log that never expires.",
            used=(
                Signal("retentionInDays", "never"),
                Signal("storedBytes", gigabytes(group.stored_bytes)),
            ),
            missing=("The price of stored log: it is not in the price list.",),
            confidence=Confidence.HIGH,
            monthly_usd=None,
            change=Change(
                f"Keep {counted(days, 'day')}.",
                (
                    ApiCall(
                        "logs",
                        "PutRetentionPolicy",
                        {"logGroupName": group.name, "retentionInDays": days},
                    ),
                ),
                "DeleteRetentionPolicy; what has expired by then is gone.",
            ),
        )


def misses_tags(tags: Fact[Tags], required: tuple[str, ...]) -> bool:
    """Whether known tags lack a required one or, when none is required, are none at all."""
    if isinstance(tags, Unread):
        return False
    own = {key for key, _ in tags if not key.startswith(_OF_AWS)}
    return not own.issuperset(required) if required else not own


def _untagged(subject: Subject) -> Iterator[Observation]:
    required = subject.parameters.required_tags
    groups: dict[ResourceKind, list[TaggedResource]] = defaultdict(list)
    unread: dict[ResourceKind, int] = defaultdict(int)
    for one in tagged_resources(subject.inventory):
        unread[one.kind] += isinstance(one.tags, Unread)
        if misses_tags(one.tags, required):
            groups[one.kind].append(one)
    for kind, some in groups.items():
        yield _without_tags(kind, some, unread[kind], subject)


def _without_tags(
    kind: ResourceKind, some: list[TaggedResource], unread: int, subject: Subject
) -> Observation:
    wanted = ", ".join(subject.parameters.required_tags) or "any tag of yours"
    names = ", ".join(one.name for one in some[:_MOST_NAMES])
    more = f" and {len(some) - _MOST_NAMES} more" if len(some) > _MOST_NAMES else ""
    tags = dict(subject.parameters.default_tags) or {"team": "name-of-the-team"}
    return Observation(
        resource=f"{kind}s",
        resource_type=kind,
        summary=f"{len(some)} without {wanted}: {names}{more}.",
        used=(Signal("Without", str(len(some))),),
        missing=(f"The tags of {unread} more could not be read.",) if unread else (),
        confidence=Confidence.HIGH,
        monthly_usd=None,
        change=Change(
            "Tag them, so that the bill can be split by who pays.",
            tuple(_tag_call(one, tags) for one in some[:_MOST_NAMES] if _lacks(one, tags)),
            "Remove the tags.",
        ),
    )


def _lacks(one: TaggedResource, wanted: dict[str, str]) -> bool:
    there = {} if isinstance(one.tags, Unread) else dict(one.tags)
    return not wanted.keys() <= there.keys()


def _tag_call(one: TaggedResource, wanted: dict[str, str]) -> ApiCall:
    """Returns the call that adds what is missing; a tag that is there keeps its value."""
    there = {} if isinstance(one.tags, Unread) else dict(one.tags)
    missing = {key: value for key, value in wanted.items() if key not in there}
    if one.tagged_by == "s3":
        # S3 replaces the whole set: what is there goes with it.
        every = [{"Key": key, "Value": value} for key, value in (missing | there).items()]
        return ApiCall("s3", "PutBucketTagging", {"Bucket": one.name, "Tagging": {"TagSet": every}})
    pairs = [{"Key": key, "Value": value} for key, value in missing.items()]
    if one.tagged_by == "bedrock":
        lower = [{"key": key, "value": value} for key, value in missing.items()]
        return ApiCall("bedrock", "TagResource", {"resourceARN": one.arn, "tags": lower})
    return ApiCall("sagemaker", "AddTags", {"ResourceArn": one.arn, "Tags": pairs})


RULES = (
    Rule(
        id="ml.sagemaker.notebook.idle",
        title="Notebook that runs on",
        resource_type=ResourceKind.NOTEBOOK,
        severity=Severity.MEDIUM,
        effort=Effort.CALL,
        rationale="A notebook instance is billed day and night until somebody stops it.",
        how="In service, and last started or changed more than `notebook_idle_days` ago. AWS does "
        "not say whether a kernel is busy, so one in use every day looks the same as a forgotten "
        "one: the confidence is low, and no audit stops it by itself. Saved: its hourly notebook "
        "rate x 730, or its hosting rate where the list has no notebook rate.",
        evidence="DescribeNotebookInstance.",
        change="StopNotebookInstance, once its owner says that nobody uses it.",
        undo="StartNotebookInstance.",
        thresholds=("notebook_idle_days",),
        needs=frozenset({ResourceKind.NOTEBOOK}),
        look=_notebooks,
        action=ActionKind.STOP_NOTEBOOK,
    ),
    Rule(
        id="ml.sagemaker.studio-app.idle",
        title="Studio app that nobody uses",
        resource_type=ResourceKind.STUDIO_APP,
        severity=Severity.MEDIUM,
        effort=Effort.CALL,
        rationale="A Studio app holds its instance until it is deleted or times out.",
        how="In service on an instance or as a Canvas session, and the last user activity that "
        "Studio records is more than `app_idle_hours` ago. Studio's health checks renew that "
        "record: where it is missing, or is the time of the last check, the app is reported with "
        "low confidence once it has run for `notebook_idle_days`.",
        evidence="DescribeApp: LastUserActivityTimestamp, LastHealthCheckTimestamp, CreationTime.",
        change="DeleteApp.",
        undo="Open it again.",
        thresholds=("app_idle_hours", "notebook_idle_days"),
        needs=frozenset({ResourceKind.STUDIO_APP}),
        look=_apps,
    ),
    Rule(
        id="ml.logs.group.no-retention",
        title="Log group without retention",
        resource_type=ResourceKind.LOG_GROUP,
        severity=Severity.LOW,
        effort=Effort.CALL,
        rationale="Log groups keep everything for ever unless a retention is set.",
        how="DescribeLogGroups gives no retentionInDays.",
        evidence="DescribeLogGroups.",
        change="PutRetentionPolicy with `log_retention_days`.",
        undo="DeleteRetentionPolicy.",
        thresholds=("log_retention_days",),
        needs=frozenset({ResourceKind.LOG_GROUP}),
        look=_logs,
        action=ActionKind.SET_LOG_RETENTION,
    ),
    Rule(
        id="ml.tags.missing",
        title="Untagged resources",
        resource_type=ResourceKind.ENDPOINT,
        severity=Severity.LOW,
        effort=Effort.CALL,
        rationale="Without tags nobody can say who pays, or whom to ask before something ends.",
        how="Resources without one of `required_tags` or, when none is required, without any tag "
        "that AWS did not set itself. One finding for each kind. Tags that could not be read "
        "count as unknown.",
        evidence="ListTags, GetBucketTagging.",
        change="AddTags, TagResource, PutBucketTagging with `default_tags`.",
        undo="Remove the tags.",
        thresholds=("required_tags", "default_tags"),
        needs=frozenset(),
        look=_untagged,
        action=ActionKind.TAG_RESOURCE,
    ),
)
