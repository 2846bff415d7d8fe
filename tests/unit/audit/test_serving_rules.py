"""The rules on the stack's own endpoints, and that nothing which a rollback needs is ever waste."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.audit.accounts import (
    ARN,
    bucket,
    days_ago,
    endpoint,
    inventory,
    measured,
    model,
    training_job,
    variant,
)
from tests.unit.audit.rule_findings import finding_of, findings_of
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import ResourceKind, Unread, UnreadResource, tags_of
from thriftline.audit.domain.ours import ours
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.references import references_of
from thriftline.audit.domain.resources.served import (
    GONE,
    EndpointConfig,
    ServedEndpoint,
    ServedVersion,
)
from thriftline.audit.domain.resources.storage import BucketPrefix
from thriftline.core.tags import EXPERIMENT_TAG, PROJECT_TAG, SCHEDULE_TAG, STACK_TAG, VERSION_TAG
from thriftline.money.price_catalogue import price_catalogue

TAGS = {STACK_TAG: "thriftline", PROJECT_TAG: "reviews", VERSION_TAG: "3"}
EXPERIMENT = "ml.thriftline.experiment.forgotten"
CONFIG = "ml.sagemaker.endpoint-config.unused"
BREACH = "ml.thriftline.endpoint.quality-breach"
LOST = "ml.thriftline.rollback.unavailable"
EXPIRING = "ml.thriftline.rollback.expiring"
URI = "s3://artifacts/training/reviews-1/job/output/model.tar.gz"


def _config(name: str, age: float = 200) -> EndpointConfig:
    return EndpointConfig(
        name=name, arn=f"{ARN}:endpoint-config/{name}", created=days_ago(age), models=(name,)
    )


def _version(number: int, artifact: Any = "STANDARD", uri: str = URI) -> ServedVersion:
    return ServedVersion(
        number=number,
        config=f"e-v{number}",
        model=f"m-v{number}",
        artifact_s3_uri=uri,
        artifact=artifact,
    )


def _served(*versions: ServedVersion, **facts: Any) -> ServedEndpoint:
    dull: dict[str, Any] = {
        "name": "e",
        "project": "reviews",
        "kind": "real-time",
        "in_use": len(versions) or None,
        "is_asleep": False,
        "versions": versions,
        "breaches": (),
        "quality_document": None,
    }
    return ServedEndpoint(**(dull | facts))


# ---- What is known of our endpoints


def test_findings_about_ours_say_project_version_schedule_and_the_command() -> None:
    tags = tags_of({**TAGS, SCHEDULE_TAG: "on cron(0 8 ? * MON-FRI *)"})
    said = ours(endpoint("e", tags=tags))
    assert said is not None
    shown = {signal.name: signal.value for signal in said.signals()}
    assert shown["Deployed by Thriftline"] == "project reviews, stack thriftline"
    assert shown["Version in the registry"] == "3"
    assert shown["Schedule"].startswith("on cron")
    assert said.command("deploy") == "thriftline endpoints deploy reviews --endpoint e"


def test_an_idle_endpoint_of_ours_is_told_with_the_command_to_let_it_sleep() -> None:
    one = endpoint("e", tags=tags_of(TAGS), variants=(variant(),))
    here = inventory(endpoints=(one,))
    found = finding_of(measured(here), "ml.sagemaker.endpoint.idle")
    assert "`thriftline endpoints schedule reviews sleep --endpoint e`" in found.change.text
    assert ("Version in the registry", "3") in [
        (signal.name, signal.value) for signal in found.evidence.signals_used
    ]
    strange = inventory(endpoints=(replace(one, tags=()),))
    said = finding_of(measured(strange), "ml.sagemaker.endpoint.idle")
    assert "thriftline endpoints" not in said.change.text


@pytest.mark.parametrize(
    "tags",
    [
        (),
        tags_of({STACK_TAG: "thriftline"}),
        tags_of({PROJECT_TAG: "reviews"}),
        tags_of({STACK_TAG: "thriftline", PROJECT_TAG: "x; rm -rf ~"}),
        Unread("GetResources", "denied"),
    ],
)
def test_what_is_not_known_to_be_ours_is_not(tags: Any) -> None:
    assert ours(endpoint("e", tags=tags)) is None


# ---- Experiments


def test_an_experiment_past_its_deadline_is_forgotten() -> None:
    until = days_ago(3).isoformat(timespec="seconds")
    one = endpoint("e", tags=tags_of({**TAGS, EXPERIMENT_TAG: until}))
    found = finding_of(inventory(endpoints=(one,)), EXPERIMENT)
    assert "3 days ago" in found.summary
    assert "thriftline endpoints compare reviews stop --endpoint e" in found.change.text
    assert found.action is None


@pytest.mark.parametrize("until", [days_ago(-1).isoformat(), "soon", ""])
def test_an_experiment_that_runs_or_nobody_can_date_is_left_alone(until: str) -> None:
    one = endpoint("e", tags=tags_of({**TAGS, EXPERIMENT_TAG: until}))
    assert findings_of(inventory(endpoints=(one,)), EXPERIMENT) == []


# ---- Configs


def test_a_config_of_no_endpoint_and_no_version_is_unused() -> None:
    found = finding_of(
        inventory(
            endpoints=(endpoint("x"),),
            endpoint_configs=(
                _config("x-config"),
                _config("old"),
                _config("young", age=5),
                _config("e-v1"),
            ),
            served_endpoints=(_served(_version(1), _version(2)),),
        ),
        CONFIG,
    )
    assert [call.parameters["EndpointConfigName"] for call in found.change.calls] == ["old"]
    assert found.action is None


def test_while_something_is_rolled_out_no_config_is_unused() -> None:
    here = inventory(
        endpoints=(endpoint("x", has_pending_deployment=True),), endpoint_configs=(_config("old"),)
    )
    assert findings_of(here, CONFIG) == []


@pytest.mark.parametrize("kind", [ResourceKind.SERVED_ENDPOINT, ResourceKind.ENDPOINT])
def test_a_history_that_could_not_be_read_leaves_every_config_alone(kind: ResourceKind) -> None:
    here = inventory(
        endpoint_configs=(_config("old"),),
        unread=(UnreadResource(kind, "*", "Scan", "AccessDenied"),),
    )
    assert findings_of(here, CONFIG) == []


# ---- Quality


def test_a_breach_names_what_and_since_when_and_the_two_commands() -> None:
    since = "2026-11-20T00:00:00+00:00"
    served = _served(_version(1), breaches=(("main:drift:labels", since),))
    found = finding_of(inventory(served_endpoints=(served,)), BREACH)
    assert "main:drift:labels since 2026-11-20T00:00" in found.summary
    assert "thriftline endpoints deploy reviews --endpoint e" in found.change.text
    assert "thriftline endpoints rollback reviews --endpoint e" in found.change.text
    assert findings_of(inventory(served_endpoints=(_served(_version(1)),)), BREACH) == []


# ---- What a rollback needs


def _whole(*versions: ServedVersion) -> dict[str, Any]:
    return {
        "endpoint_configs": tuple(_config(one.config) for one in versions),
        "models": tuple(model(one.model) for one in versions),
        "served_endpoints": (_served(*versions),),
    }


@pytest.mark.parametrize(
    ("artifact", "word"), [(GONE, "is gone"), ("GLACIER", "archived"), ("DEEP_ARCHIVE", "archived")]
)
def test_an_artifact_that_cannot_be_read_is_told_before_it_is_needed(
    artifact: str, word: str
) -> None:
    found = finding_of(inventory(**_whole(_version(1, artifact), _version(2))), LOST)
    assert "version 1" in found.summary
    assert "version 2" not in found.summary
    assert word in found.summary


def test_a_config_or_a_model_that_somebody_deleted_is_told() -> None:
    whole = _whole(_version(1), _version(2))
    whole["endpoint_configs"] = whole["endpoint_configs"][1:]
    whole["models"] = whole["models"][:1]
    found = finding_of(inventory(**whole), LOST)
    assert "its config e-v1 was deleted" in found.summary
    assert "its model m-v2 was deleted" in found.summary


@pytest.mark.parametrize("artifact", ["STANDARD", "GLACIER_IR", None, Unread("HeadObject", "403")])
def test_a_version_that_can_return_or_that_nobody_could_look_at_is_no_finding(
    artifact: Any,
) -> None:
    assert findings_of(inventory(**_whole(_version(1, artifact))), LOST) == []


def _rule(**members: Any) -> str:
    return json.dumps({"ID": "tidy", "Status": "Enabled", **members})


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        (_rule(Filter={"Prefix": "training/"}, Expiration={"Days": 365}), "expires"),
        (_rule(Prefix="", Expiration={"Date": "2027-01-01"}), "expires"),
        (
            _rule(
                Filter={"And": {"Prefix": "training/", "ObjectSizeGreaterThan": 1}},
                Transitions=[{"Days": 90, "StorageClass": "DEEP_ARCHIVE"}],
            ),
            "archives",
        ),
    ],
)
def test_a_lifecycle_rule_that_takes_a_version_away_is_found(rule: str, word: str) -> None:
    here = inventory(
        buckets=(bucket("artifacts", lifecycle_rules=(rule,)),),
        served_endpoints=(_served(_version(1)),),
    )
    assert word in finding_of(here, EXPIRING).summary


@pytest.mark.parametrize(
    "rule",
    [
        _rule(Filter={"Prefix": "scratch/"}, Expiration={"Days": 1}),
        _rule(Filter={"Prefix": "training/"}, NoncurrentVersionExpiration={"NoncurrentDays": 90}),
        _rule(
            Filter={"Prefix": "training/"}, Transitions=[{"Days": 1, "StorageClass": "GLACIER_IR"}]
        ),
        _rule(Filter={"Tag": {"Key": "a", "Value": "b"}}, Expiration={"Days": 1}),
        _rule(Filter={"Prefix": ""}, Expiration={"ExpiredObjectDeleteMarker": True}),
        json.dumps({"ID": "off", "Status": "Disabled", "Filter": {}, "Expiration": {"Days": 1}}),
    ],
)
def test_a_lifecycle_rule_that_leaves_it_readable_is_none(rule: str) -> None:
    here = inventory(
        buckets=(bucket("artifacts", lifecycle_rules=(rule,)),),
        served_endpoints=(_served(_version(1)),),
    )
    assert findings_of(here, EXPIRING) == []


def test_what_a_rollback_needs_is_referred_to_even_when_its_model_is_gone() -> None:
    prefix = BucketPrefix(
        prefix="training/reviews-1/",
        size_bytes=10**9,
        bytes_by_class=(("STANDARD", 10**9),),
        objects=3,
        last_modified=days_ago(200),
        written_by="job",
        is_whole=True,
    )
    failed = training_job("job", status="Failed", ended=days_ago(200), created=days_ago(200))
    here = inventory(
        buckets=(bucket("artifacts", prefixes=(prefix,)),),
        training_jobs=(failed,),
        served_endpoints=(_served(_version(1)),),
    )
    assert references_of(here).hold("artifacts", "training/reviews-1/")
    forgotten = replace(here, served_endpoints=())
    rule = "ml.s3.artifacts.failed-jobs"
    assert len(findings_of(forgotten, rule)) == 1
    assert findings_of(here, rule) == []


def test_a_table_that_could_not_be_read_makes_nothing_an_orphan() -> None:
    gap = UnreadResource(ResourceKind.SERVED_ENDPOINT, "*", "Scan", "AccessDenied")
    told = audit(inventory(unread=(gap,)), price_catalogue(), AuditParameters())
    gaps = {gap.rule for gap in told.gaps if not gap.evaluated}
    assert {"ml.s3.artifacts.failed-jobs", "ml.s3.artifacts.orphaned-checkpoints"} <= gaps
