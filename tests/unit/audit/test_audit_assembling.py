"""Parts become one inventory; prefixes are traced to the jobs that wrote them, no byte twice."""

from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.audit.accounts import (
    ACCOUNT,
    MIDNIGHT,
    NOW,
    REGION,
    WINDOW,
    bucket,
    component,
    days_ago,
    endpoint,
    inventory,
    training_job,
    variant,
)
from thriftline.audit.domain.assembling import (
    InventoryPlace,
    WrittenPrefix,
    count_of,
    fragment,
    keys_to_read,
    merged,
    metric_starts,
    with_written,
    written_prefixes,
)
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import ResourceKind, Unread, UnreadResource
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.metrics import HOUR
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.parts import Part, Scope
from thriftline.audit.domain.questions import metrics_needed
from thriftline.audit.domain.resource_kinds import KINDS
from thriftline.audit.domain.resources.bedrock import BedrockModelUse
from thriftline.audit.domain.resources.jobs import TrainingJob
from thriftline.audit.domain.resources.storage import BucketPrefix
from thriftline.money.price_catalogue import price_catalogue

PLACE = InventoryPlace(ACCOUNT, REGION, NOW, WINDOW)
PARAMETERS = AuditParameters()


def _prefix(name: str, size: int, by: str | None = None, **facts: object) -> BucketPrefix:
    plain = BucketPrefix(
        prefix=name,
        size_bytes=size,
        bytes_by_class=(("STANDARD", size),),
        objects=size,
        last_modified=days_ago(90),
        written_by=by,
        is_whole=True,
    )
    return replace(plain, **facts)  # type: ignore[arg-type]


def test_parts_are_put_together_and_a_lost_one_is_unknown() -> None:
    gap = UnreadResource(ResourceKind.MODEL, "*", "ListModels", "Throttling: slow")
    parts = [
        fragment(PLACE, KINDS[Part.ENDPOINTS], {"endpoints": [endpoint()]}, []),
        fragment(PLACE, KINDS[Part.MODELS], {}, [gap]),
        fragment(
            PLACE, KINDS[Part.BEDROCK], {"bedrock.models": [BedrockModelUse(model_id="m")]}, []
        ),
    ]
    found = merged(PLACE, parts, {Part.JOBS: "killed"})
    assert (found.account, found.region, found.now, found.window) == (
        *(ACCOUNT, REGION, NOW, WINDOW),
    )
    assert found.endpoints == (endpoint(),)
    assert found.models == ()
    assert [one.model_id for one in found.bedrock.models] == ["m"]
    assert count_of(found) == 2
    assert found.collected == (
        KINDS[Part.ENDPOINTS] | KINDS[Part.MODELS] | KINDS[Part.BEDROCK] | KINDS[Part.JOBS]
    )
    assert gap in found.unread
    assert {one.kind for one in found.unread if one.error == "killed"} == KINDS[Part.JOBS]


def test_an_audit_of_idle_endpoints_asks_for_requests_and_no_more() -> None:
    found = inventory(
        endpoints=(
            endpoint(variants=(variant("a"),), inference_components=(component(),)),
            endpoint("failed", status="Failed", variants=(variant(instance_count=0),)),
        )
    )
    few, all_of_them = keys_to_read(found, Scope.IDLE_ENDPOINTS), metrics_needed(found)
    assert keys_to_read(found, Scope.ACCOUNT) == all_of_them
    assert set(few) < set(all_of_them)
    # Three of the variant, four of the component.
    assert len(few) == 7
    assert not any(key.period_seconds == HOUR for key in few)


def test_days_are_read_from_the_earliest_that_anything_asks_for() -> None:
    daily, hourly = metric_starts(inventory(), PARAMETERS)
    assert daily == WINDOW.start
    assert hourly == MIDNIGHT - timedelta(days=7)
    longer = AuditParameters(utilisation_window_days=45)
    assert metric_starts(inventory(), longer)[0] == MIDNIGHT - timedelta(days=45)
    old = (("thriftline:marked-idle-at", days_ago(50).isoformat()),)
    marked = inventory(endpoints=(endpoint(tags=old), endpoint("b", tags=Unread("x", "y"))))
    assert metric_starts(marked, PARAMETERS)[0] == days_ago(50)


def _ended(name: str, days: float, status: str = "Completed", **facts: object) -> TrainingJob:
    return training_job(
        name, created=days_ago(days + 1), ended=days_ago(days), status=status, **facts
    )


def _written(*jobs: TrainingJob, **facts: object) -> set[WrittenPrefix]:
    found = inventory(training_jobs=jobs, **({"buckets": (bucket(),)} | facts))
    return set(written_prefixes(found, PARAMETERS))


def test_prefixes_are_those_of_old_failures_and_old_checkpoints() -> None:
    checkpoints = "s3://models/checkpoints/one"
    assert _written(
        _ended("old", 20, "Failed"),
        _ended("new", 3, "Failed"),
        _ended("fine", 60, checkpoint_s3_uri=checkpoints),
        _ended("recent", 20, checkpoint_s3_uri="s3://models/checkpoints/two/"),
        _ended("elsewhere", 60, checkpoint_s3_uri="s3://not-here/x"),
        _ended("at-the-top", 60, checkpoint_s3_uri="s3://models"),
    ) == {
        WrittenPrefix("models", "out/old/", "old"),
        WrittenPrefix("models", "checkpoints/one/", "fine"),
    }


def test_attempts_that_share_their_checkpoints_leave_them_to_the_newest() -> None:
    shared = "s3://models/checkpoints/run"
    (one,) = _written(
        _ended("second", 60, checkpoint_s3_uri=shared),
        _ended("first", 61, checkpoint_s3_uri=shared),
    )
    assert one.job == "second"


def test_what_a_running_job_resumes_from_is_not_asked_about() -> None:
    shared = "s3://models/checkpoints/run"
    running = training_job(
        "running", status="InProgress", ended=None, created=days_ago(1), checkpoint_s3_uri=shared
    )
    assert _written(_ended("old", 60, checkpoint_s3_uri=shared), running) == set()


def test_a_bucket_whose_prefixes_are_unread_is_not_listed() -> None:
    closed = bucket(prefixes=Unread("ListObjectsV2", "AccessDenied"))
    assert _written(_ended("old", 20, "Failed"), buckets=(closed,)) == set()


def _prefixes(found: Inventory) -> dict[str, BucketPrefix]:
    (one,) = found.buckets
    assert isinstance(one.prefixes, tuple)
    return {prefix.prefix: prefix for prefix in one.prefixes}


def test_a_jobs_prefix_stands_by_itself_and_its_outer_one_without_it() -> None:
    whole = inventory(
        buckets=(bucket(prefixes=(_prefix("checkpoints/", 100), _prefix("data/", 7))),)
    )
    found = with_written(whole, {"models": [_prefix("checkpoints/one/", 60, "one")]})
    told = _prefixes(found)
    assert (told["checkpoints/"].size_bytes, told["checkpoints/"].objects) == (40, 40)
    assert (told["checkpoints/one/"].size_bytes, told["checkpoints/one/"].written_by) == (60, "one")
    assert told["data/"].size_bytes == 7


def test_a_top_level_prefix_that_a_job_wrote_is_told_once() -> None:
    whole = inventory(buckets=(bucket(prefixes=(_prefix("run/", 100),)),))
    told = _prefixes(with_written(whole, {"models": [_prefix("run/", 100, "one")]}))
    assert [(one.size_bytes, one.written_by) for one in told.values()] == [(100, "one")]


def test_an_outer_prefix_of_which_nothing_is_left_goes() -> None:
    whole = inventory(buckets=(bucket(prefixes=(_prefix("run/", 100),)),))
    told = _prefixes(with_written(whole, {"models": [_prefix("run/one/", 100, "one")]}))
    assert list(told) == ["run/one/"]


@given(st.lists(st.integers(1, 50), max_size=5), st.integers(0, 100))
def test_no_byte_counts_twice_and_none_is_lost(inner: list[int], rest: int) -> None:
    outer = _prefix("out/", sum(inner) + rest)
    jobs = [_prefix(f"out/job-{index}/", size, "x") for index, size in enumerate(inner)]
    found = with_written(inventory(buckets=(bucket(prefixes=(outer,)),)), {"models": jobs})
    assert sum(one.size_bytes for one in _prefixes(found).values()) == outer.size_bytes


def test_a_prefix_with_a_jobs_checkpoints_below_it_is_no_orphan_by_its_name() -> None:
    def orphans(*jobs: TrainingJob) -> list[str]:
        found = inventory(
            training_jobs=jobs, buckets=(bucket(prefixes=(_prefix("checkpoints/", 10**12),)),)
        )
        told = audit(found, price_catalogue(), PARAMETERS)
        rule = "ml.s3.artifacts.orphaned-checkpoints"
        return [one.resource for one in told.findings if one.rule == rule]

    assert orphans() == ["models/checkpoints/"]
    assert orphans(_ended("one", 60, checkpoint_s3_uri="s3://models/checkpoints/one")) == []


def test_of_a_lost_part_each_kind_is_unknown_with_the_reason() -> None:
    found = merged(PLACE, (), {Part.LOG_GROUPS: "killed"})
    assert found.unread == (UnreadResource(ResourceKind.LOG_GROUP, "*", "Collect part", "killed"),)
    assert found.metrics == {}


@pytest.mark.parametrize(
    "name",
    [
        "idle_window_days",
        "utilisation_window_days",
        "throughput_idle_days",
        "orphaned_model_days",
    ],
)
def test_each_window_of_a_rule_is_read_from_its_start(name: str) -> None:
    longer = replace(PARAMETERS, **{name: 60})  # type: ignore[arg-type]
    daily, _ = metric_starts(inventory(), longer)
    assert daily == MIDNIGHT - timedelta(days=60)


def test_the_instant_of_a_mark_is_told_in_the_zone_of_the_audit() -> None:
    there = days_ago(50).astimezone(timezone(timedelta(hours=9)))
    tags = (("thriftline:marked-idle-at", there.isoformat()),)
    daily, _ = metric_starts(inventory(endpoints=(endpoint(tags=tags),)), PARAMETERS)
    assert (daily, daily.tzinfo) == (days_ago(50), NOW.tzinfo)


def test_a_job_is_old_enough_the_day_after_its_threshold_and_not_on_it() -> None:
    checkpoints = "s3://models/ckpt/X/"
    for days, found in ((14, set()), (14.1, {"out/failed/"})):
        written = _written(_ended("failed", days, "Failed"))
        assert {one.prefix for one in written} == found
    for days, found in ((30, set()), (30.1, {"ckpt/X/"})):
        written = _written(_ended("done", days, checkpoint_s3_uri=checkpoints))
        assert {one.prefix for one in written} == found


@pytest.mark.parametrize(
    "facts", [{"status": "InProgress"}, {"status": "Failed", "ended": None}, {"status": "Stopping"}]
)
def test_a_job_that_has_not_ended_leaves_nothing(facts: dict[str, object]) -> None:
    done = training_job("job", created=days_ago(90), ended=days_ago(89), artifact_s3_uri=None)
    job = replace(done, **facts)  # type: ignore[arg-type]
    assert _written(job) == set()


def test_a_folder_of_many_slashes_or_of_an_x_keeps_its_name() -> None:
    job = _ended("failed", 20, "Failed", output_s3_uri="s3://models/outX//")
    kept = _ended("kept", 60, checkpoint_s3_uri="s3://models/ckptX//")
    assert _written(job, kept) == {
        WrittenPrefix("models", "outX/failed/", "failed"),
        WrittenPrefix("models", "ckptX/", "kept"),
    }


def test_buckets_without_a_jobs_prefix_stay_as_they_are() -> None:
    whole = inventory(
        buckets=(
            bucket("other", prefixes=(_prefix("data/", 7),)),
            bucket("closed", prefixes=Unread("ListObjectsV2", "AccessDenied")),
        )
    )
    measured = {"closed": [_prefix("out/one/", 60, "one")]}
    assert with_written(whole, measured) == whole


def test_what_a_job_wrote_is_taken_out_of_each_storage_class() -> None:
    outer = _prefix("out/", 100, bytes_by_class=(("STANDARD", 70), ("GLACIER", 30)), objects=10)
    inner = [
        _prefix("out/a/", 20, "a", bytes_by_class=(("STANDARD", 20),), objects=None),
        _prefix("out/b/", 30, "b", bytes_by_class=(("STANDARD", 25), ("GLACIER", 5)), objects=4),
    ]
    found = with_written(inventory(buckets=(bucket(prefixes=(outer,)),)), {"models": inner})
    rest = _prefixes(found)["out/"]
    assert (rest.size_bytes, rest.objects) == (50, 6)
    assert rest.bytes_by_class == (("STANDARD", 25), ("GLACIER", 25))


def test_what_was_measured_later_and_has_grown_takes_no_more_than_there_is() -> None:
    outer = _prefix("out/", 100, objects=None)
    grown = _prefix("out/a/", 120, "a")
    found = with_written(inventory(buckets=(bucket(prefixes=(outer,)),)), {"models": [grown]})
    rest = _prefixes(found)["out/"]
    assert (rest.size_bytes, rest.objects, rest.bytes_by_class) == (0, None, (("STANDARD", 0),))
