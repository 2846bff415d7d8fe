"""Rules on what deployments of Thriftline leave, need and show.

None of them has an action: a deployment's history is what brings an endpoint back.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from thriftline.audit.domain.facts import Fact, ResourceKind, Unread
from thriftline.audit.domain.findings import (
    ApiCall,
    Change,
    Confidence,
    Effort,
    Severity,
    Signal,
)
from thriftline.audit.domain.ours import ours
from thriftline.audit.domain.resources.served import (
    ARCHIVED,
    GONE,
    EndpointConfig,
    ServedEndpoint,
    ServedVersion,
)
from thriftline.audit.domain.resources.storage import Bucket
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject
from thriftline.core.wording import counted

_COMMAND = "thriftline endpoints"
_KEPT = frozenset({ResourceKind.SERVED_ENDPOINT, ResourceKind.ENDPOINT_CONFIG, ResourceKind.MODEL})
_SCHEME = "s3://"
_Found = Mapping[str, Any]


def _experiments(subject: Subject) -> Iterator[Observation]:
    for endpoint in subject.inventory.endpoints:
        known = ours(endpoint)
        until = known.experiment_until if known else None
        if known is None or until is None or until > subject.inventory.now:
            continue
        late = (subject.inventory.now - until).days
        yield Observation(
            resource=endpoint.name,
            summary=f"Its experiment was to end on {until:%Y-%m-%d %H:%M} UTC, "
            f"{counted(late, 'day')} ago, and its tag says that it still runs.",
            used=(Signal("Variants", _variants(endpoint.variants)),),
            missing=("Whether its state machine failed: its last execution says.",),
            confidence=Confidence.MEDIUM,
            monthly_usd=None,
            change=Change(
                "End the experiment; the champion then has all of the traffic: "
                f"`{known.command('compare', 'stop')}`.",
                (_look_at(endpoint.name),),
                f"Start it again: `{known.command('compare', 'start')}`.",
            ),
        )


def _look_at(endpoint: str) -> ApiCall:
    """Returns the call that shows it; what changes it goes through its deployments."""
    return ApiCall("sagemaker", "DescribeEndpoint", {"EndpointName": endpoint})


def _look_for(version: ServedVersion) -> ApiCall:
    bucket, _, key = version.artifact_s3_uri.removeprefix(_SCHEME).partition("/")
    return ApiCall("s3", "HeadObject", {"Bucket": bucket, "Key": key})


def _variants(variants: tuple[Any, ...]) -> str:
    return ", ".join(f"{one.name} (weight {one.weight})" for one in variants) or "none"


def _unused_configs(subject: Subject) -> Iterator[Observation]:
    inventory, days = subject.inventory, subject.parameters.unused_config_days
    before = inventory.now - timedelta(days=days)
    # A roll-out's new config is not yet the one that DescribeEndpoint names.
    if any(one.has_pending_deployment or one.config_name is None for one in inventory.endpoints):
        return
    used = {one.config_name for one in inventory.endpoints}
    kept = {one.config for served in inventory.served_endpoints for one in served.versions}
    unused = [
        one
        for one in inventory.endpoint_configs
        if one.name not in used | kept and one.created < before
    ]
    if unused:
        yield _unused(unused, days)


def _unused(configs: list[EndpointConfig], days: int) -> Observation:
    names = sorted(one.name for one in configs)
    return Observation(
        resource="*",
        summary=f"No endpoint, and no version that a deployment could bring back, has "
        f"{counted(len(names), 'endpoint config')} of more than {counted(days, 'day')}.",
        used=(
            Signal("Configs", ", ".join(names[:20]) + (", …" if len(names) > 20 else "")),
            Signal("Oldest", f"{min(one.created for one in configs):%Y-%m-%d}"),
        ),
        missing=(
            "Whether somebody makes an endpoint of one now and then, or would restore one that "
            "an audit has ended.",
        ),
        confidence=Confidence.LOW,
        monthly_usd=None,
        change=Change(
            "They cost nothing. Delete those that nobody needs; what a deployment of Thriftline "
            f"may bring back is not among them (`{_COMMAND} list` shows it).",
            tuple(
                ApiCall("sagemaker", "DeleteEndpointConfig", {"EndpointConfigName": one})
                for one in names[:20]
            ),
            "CreateEndpointConfig with what DescribeEndpointConfig said before: keep that.",
        ),
    )


def _breaches(subject: Subject) -> Iterator[Observation]:
    for served in subject.inventory.served_endpoints:
        if not served.breaches:
            continue
        said = "; ".join(f"{name} since {since[:16]}" for name, since in served.breaches)
        document = served.quality_document or "no document"
        yield Observation(
            resource=served.name,
            summary=f"Its live quality has changed: {said}.",
            used=(
                *_about(served),
                Signal("Breaches", said),
                Signal("Last window", document),
            ),
            missing=("What labels say of the requests since then, where none have arrived.",),
            confidence=Confidence.MEDIUM,
            monthly_usd=None,
            change=Change(
                "Label some of the captured requests, train with them and deploy: "
                f"`{_command(served, 'deploy')}`. Or bring the former version back: "
                f"`{_command(served, 'rollback')}`.",
                (_look_at(served.name),),
                "The version before stays in the endpoint's history.",
            ),
        )


def _about(served: ServedEndpoint) -> Iterator[Signal]:
    yield Signal("Deployed by Thriftline", f"project {served.project}")
    if served.in_use is not None:
        yield Signal("Version in use", str(served.in_use))


def _command(served: ServedEndpoint, what: str, *more: str) -> str:
    return " ".join((_COMMAND, what, served.project, *more, "--endpoint", served.name))


def _lost(subject: Subject) -> Iterator[Observation]:
    configs = {one.name for one in subject.inventory.endpoint_configs}
    models = {one.name for one in subject.inventory.models}
    for served in subject.inventory.served_endpoints:
        # The version in use too: it cannot be made again when it sleeps, or its instance fails.
        every = {one.number: list(_lacking(one, configs, models)) for one in _looked_at(served)}
        lacking = {number: why for number, why in every.items() if why}
        if lacking:
            yield _cannot_return(served, lacking)


def _looked_at(served: ServedEndpoint) -> list[ServedVersion]:
    return [one for one in served.versions if one.artifact is not None]


def _lacking(version: ServedVersion, configs: set[str], models: set[str]) -> Iterator[str]:
    if version.config not in configs:
        yield f"its config {version.config} was deleted"
    if version.model not in models:
        yield f"its model {version.model} was deleted"
    if version.artifact == GONE:
        yield f"{version.artifact_s3_uri} is gone"
    elif version.artifact in ARCHIVED:
        yield f"{version.artifact_s3_uri} is archived ({version.artifact})"


def _cannot_return(served: ServedEndpoint, lacking: Mapping[int, list[str]]) -> Observation:
    said = "; ".join(f"version {number}: {', '.join(why)}" for number, why in lacking.items())
    return Observation(
        resource=served.name,
        summary=f"It cannot be brought back to {counted(len(lacking), 'version')}: {said}.",
        used=(*_about(served), Signal("What is lacking", said)),
        confidence=Confidence.HIGH,
        monthly_usd=None,
        change=Change(
            "Restore an archived object, undelete one whose old version still exists, and deploy "
            f"again what has to be there: `{_command(served, 'deploy', '--version', 'N')}` makes "
            "model and config anew out of the registry.",
            tuple(_look_for(one) for one in served.versions if one.number in lacking),
            "Nothing was changed.",
        ),
    )


def _in_the_way(subject: Subject) -> Iterator[Observation]:
    buckets = {one.name: one for one in subject.inventory.buckets}
    for served in subject.inventory.served_endpoints:
        for version in served.versions:
            bucket, _, key = version.artifact_s3_uri.removeprefix(_SCHEME).partition("/")
            for rule in _rules(buckets.get(bucket)):
                why = _takes(rule, key)
                if why and version.artifact != GONE:
                    yield _taken(served, version, bucket, (str(rule.get("ID", "")), why))


def _rules(bucket: Bucket | None) -> list[_Found]:
    rules: Fact[tuple[str, ...]] = () if bucket is None else bucket.lifecycle_rules
    return [] if isinstance(rules, Unread) else [json.loads(text) for text in rules]


def _takes(rule: _Found, key: str) -> str | None:
    """Returns what a rule does to a current object, None where it leaves it readable."""
    chosen = rule.get("Filter") or {}
    both = chosen.get("And") or {}
    prefix = rule.get("Prefix") or chosen.get("Prefix") or both.get("Prefix") or ""
    # An archive has no tag of its own; a rule for tagged or small objects is not about it.
    if rule.get("Status") != "Enabled" or not key.startswith(prefix):
        return None
    if chosen.get("Tag") or both.get("Tags") or "ObjectSizeLessThan" in {*chosen, *both}:
        return None
    expiration = rule.get("Expiration") or {}
    if "Days" in expiration or "Date" in expiration:
        return "expires it"
    moved = [one.get("StorageClass") for one in rule.get("Transitions") or ()]
    archived = [one for one in moved if one in ARCHIVED]
    return f"archives it as {archived[0]}" if archived else None


def _taken(
    served: ServedEndpoint, version: ServedVersion, bucket: str, what: tuple[str, str]
) -> Observation:
    rule, why = what
    return Observation(
        resource=f"{served.name}/{version.number}",
        summary=f"The lifecycle rule {rule!r} of {bucket} {why}: the model of version "
        f"{version.number}, which a rollback of {served.name} needs.",
        used=(
            *_about(served),
            Signal("Artifact", version.artifact_s3_uri),
            Signal("Lifecycle rule", f"{rule}: {why}"),
        ),
        confidence=Confidence.HIGH,
        monthly_usd=None,
        change=Change(
            "Narrow the rule's prefix, or take it away; a model's archive is small beside what an "
            "hour without it costs.",
            (ApiCall("s3", "GetBucketLifecycleConfiguration", {"Bucket": bucket}),),
            "Set the rule again.",
        ),
    )


def _rule(
    name: str, title: str, texts: tuple[str, str, str, str], kind: ResourceKind, **more: Any
) -> Rule:
    rationale, how, evidence, change = texts
    return Rule(
        id=name,
        title=title,
        resource_type=kind,
        effort=Effort.CALL,
        rationale=rationale,
        how=how,
        evidence=evidence,
        change=change,
        undo=more.pop("undo", "Nothing was changed."),
        thresholds=more.pop("thresholds", ()),
        **more,
    )


RULES = (
    _rule(
        "ml.thriftline.experiment.forgotten",
        "Forgotten experiment",
        (
            "A comparison that nobody ends runs two models, and a share of the callers gets the "
            "one that nobody chose.",
            "The endpoint has the tags of a deployment, and the time in `thriftline:experiment` "
            "has passed.",
            "ListTags.",
            "`thriftline endpoints compare PROJECT stop`.",
        ),
        ResourceKind.ENDPOINT,
        severity=Severity.MEDIUM,
        undo="Start the experiment again.",
        needs=frozenset({ResourceKind.ENDPOINT}),
        look=_experiments,
        of_ours=lambda _: "",
    ),
    _rule(
        "ml.sagemaker.endpoint-config.unused",
        "Endpoint configs without an endpoint",
        (
            "A config costs nothing, but among hundreds nobody finds the one that matters.",
            "Configs older than `unused_config_days` that are no endpoint's, and in no entry of "
            "the history of the stack's deployments; while any endpoint is being updated, nothing "
            "is said. One finding for all.",
            "ListEndpointConfigs, DescribeEndpoint, the table of endpoints.",
            "DeleteEndpointConfig, by hand.",
        ),
        ResourceKind.ENDPOINT_CONFIG,
        severity=Severity.INFO,
        undo="CreateEndpointConfig with the same members.",
        thresholds=("unused_config_days",),
        needs=frozenset(
            {
                ResourceKind.ENDPOINT,
                ResourceKind.ENDPOINT_CONFIG,
                ResourceKind.SERVED_ENDPOINT,
            }
        ),
        needs_whole=frozenset({ResourceKind.ENDPOINT, ResourceKind.SERVED_ENDPOINT}),
        look=_unused_configs,
    ),
    _rule(
        "ml.thriftline.endpoint.quality-breach",
        "Breach of live quality",
        (
            "A model that is asked other things than it was tested on answers worse, and looks "
            "healthy.",
            "The watch over live quality has judged a window, and a breach is open: drift that is "
            "large and beyond chance, or a live accuracy below `quality.least_accuracy` of "
            "serve.yaml.",
            "The table of endpoints; the window's document in the artifacts bucket.",
            "Train again and deploy, or `thriftline endpoints rollback PROJECT`.",
        ),
        ResourceKind.SERVED_ENDPOINT,
        severity=Severity.MEDIUM,
        needs=frozenset({ResourceKind.SERVED_ENDPOINT}),
        look=_breaches,
    ),
    _rule(
        "ml.thriftline.rollback.unavailable",
        "Version that cannot be brought back",
        (
            "A rollback is needed when there is no time to find out that it cannot be done.",
            "One of the last 10 versions of an endpoint of the stack has no config, no model, or "
            "an artifact that is gone or in an archived storage class.",
            "The table of endpoints, ListEndpointConfigs, ListModels, HeadObject.",
            "Restore or undelete what is lacking, or deploy that version of the registry again.",
        ),
        ResourceKind.SERVED_ENDPOINT,
        severity=Severity.MEDIUM,
        needs=_KEPT,
        needs_whole=frozenset({ResourceKind.ENDPOINT_CONFIG, ResourceKind.MODEL}),
        look=_lost,
    ),
    _rule(
        "ml.thriftline.rollback.expiring",
        "Lifecycle rule that takes a rollback away",
        (
            "A lifecycle rule does not know that a deployment may want an old model back.",
            "An enabled lifecycle rule expires, or moves to GLACIER or DEEP_ARCHIVE, what begins "
            "with its prefix, and the artifact of a version in an endpoint's history does.",
            "The table of endpoints, GetBucketLifecycleConfiguration.",
            "Narrow the rule's prefix.",
        ),
        ResourceKind.SERVED_ENDPOINT,
        severity=Severity.MEDIUM,
        needs=frozenset({ResourceKind.SERVED_ENDPOINT, ResourceKind.BUCKET}),
        look=_in_the_way,
    ),
)
