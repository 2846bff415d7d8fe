"""A run whose instances read its data from a directory bucket of S3 Express One Zone."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from math import ceil
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.runs.fake_sagemaker import refusal
from tests.unit.runs.plan_world import plan_of_characters
from tests.unit.runs.run_world import NOW, RUN_ID, RunWorld, run_world
from tests.unit.runs.trainers.sagemaker.test_estimate import workloads
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import InvalidRunSpecError, ServiceUnavailableError
from thriftline.money.price_catalogue import price_catalogue
from thriftline.runs.domain.layout import job_name_of, splits_prefix
from thriftline.runs.domain.quotes import Rung
from thriftline.runs.schemas.input_section import InputSection
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.steps.express_copy import delete_copy, express_bucket
from thriftline.runs.steps.scratch_with_copy import scratch_with_copy
from thriftline.runs.trainers.sagemaker.attempts import attempt_of
from thriftline.runs.trainers.sagemaker.documents import instances_of
from thriftline.runs.trainers.sagemaker.expected_time import Workload
from thriftline.runs.trainers.sagemaker.express_buckets import fees_of, is_there, require_region
from thriftline.runs.trainers.sagemaker.express_fees import MOST_STARTS
from thriftline.runs.trainers.sagemaker.job import TrainingJob

GB = 10**9
BUCKET = "training--use1-az4--x-s3"
EXPRESS = {"mode": "s3_express", "bucket": BUCKET}
ALLOWED = {"TRAINING_EXPRESS_BUCKETS": f"other--use1-az6--x-s3,{BUCKET}"}


@pytest.fixture(scope="module")
def world() -> Iterator[RunWorld]:
    with run_world() as made:
        yield made


def plan(
    world: RunWorld,
    gigabytes: float = 100,
    environment: dict[str, str] | None = None,
    *,
    has_bucket: bool = True,
    **training: Any,
) -> Plan:
    keys = {"instance_type": "ml.g5.xlarge", "input": EXPRESS} | training
    trainers = trainers_over(
        world.artifacts,
        has_bucket=has_bucket,
        **cast("Any", ALLOWED if environment is None else environment),
    )
    return plan_of_characters(world, int(gigabytes * GB), trainers, **keys)


def test_the_data_are_streamed_from_the_bucket_at_a_price_that_the_hold_has(
    world: RunWorld,
) -> None:
    express = plan(world, max_runtime_seconds=7200).rungs[0]
    streamed = plan(world, max_runtime_seconds=7200, input={"mode": "fast_file"}).rungs[0]

    assert express.terms["input_mode"] == "s3_express"
    assert express.terms["express"]["bucket"] == BUCKET
    # 400 GB at the most and a bit for each record; written once (0.0032), read twice at each of
    # eight starts (0.0006), and kept for twice two hours of Spot's wait and a day (0.11 a month).
    kept = Decimal("0.11") * (2 * 7200 + 86_400) / (730 * 3600)
    gigabytes = Decimal(express.terms["express"]["most_gigabytes"])
    held = gigabytes * (Decimal("0.0032") + Decimal("0.0006") * 2 * MOST_STARTS + kept)
    assert gigabytes > 400
    assert express.fixed_usd == pytest.approx(held)
    assert float(express.worst_case_usd - streamed.worst_case_usd) == pytest.approx(
        float(held), abs=0.02
    )


def test_the_plan_says_in_dollars_that_it_loses(world: RunWorld) -> None:
    (said,) = [text for text in plan(world).warnings if "S3 Express" in text]

    assert "S3 Express One Zone loses here: 100.0 GB cost 0.33 USD to write" in said
    assert "0.07 USD each time they are read and 0.37 USD a day" in said
    assert "(mode: fast_file) costs nothing" in said
    assert "SageMaker chooses the zone of the instances" in said


def test_a_stack_in_a_vpc_is_told_of_the_zone_and_the_endpoint(world: RunWorld) -> None:
    vpc = {"TRAINING_SUBNET_IDS": "subnet-1", "TRAINING_SECURITY_GROUP_IDS": "sg-1"}
    (said,) = [text for text in plan(world, 1, ALLOWED | vpc).warnings if "S3 Express" in text]

    assert "should lie in its zone, use1-az4" in said
    assert "gateway endpoint of s3express" in said


@pytest.mark.parametrize("gigabytes", [0.001, 5, 400])
def test_auto_never_takes_it(world: RunWorld, gigabytes: float) -> None:
    written = plan(world, gigabytes, input={"mode": "auto"})

    assert {rung.terms["input_mode"] for rung in written.rungs} <= {"file", "fast_file"}


@pytest.mark.parametrize(
    ("environment", "has_bucket", "bucket", "said"),
    [
        ({}, True, BUCKET, "may not use the bucket training--use1-az4--x-s3: it names none"),
        (ALLOWED, True, "mine--use1-az4--x-s3", "it names other--use1-az6--x-s3, training--use1"),
        (ALLOWED, False, BUCKET, "is not in this account and region, or its policy keeps"),
        (ALLOWED, True, "mine--usw2-az1--x-s3", "lies in the zone usw2-az1, and this stack's"),
    ],
)
def test_a_bucket_that_cannot_be_read_refuses_the_run(
    world: RunWorld, environment: dict[str, str], has_bucket: bool, bucket: str, said: str
) -> None:
    with pytest.raises(InvalidRunSpecError) as refused:
        plan(
            world,
            1,
            environment,
            has_bucket=has_bucket,
            input={"mode": "s3_express", "bucket": bucket},
        )

    assert said in str(refused.value)
    assert "Nothing was spent." in str(refused.value)


def test_a_region_without_a_price_refuses_the_run() -> None:
    work = Workload(1000, 100, 100, 50.0, 1, 4096, 128, False)
    with pytest.raises(InvalidRunSpecError, match=r"no rates of S3 Express One Zone in eu-west-1"):
        fees_of("a--euw1-az1--x-s3", work, price_catalogue(), "eu-west-1", 3600)


def test_data_of_unknown_volume_refuse_the_run() -> None:
    with pytest.raises(InvalidRunSpecError, match="volume of the data is not known"):
        fees_of(BUCKET, None, price_catalogue(), "us-east-1", 3600)


@pytest.mark.parametrize(
    ("region", "zone"),
    [
        ("us-east-1", "use1-az4"),
        ("us-west-2", "usw2-az1"),
        ("eu-central-1", "euc1-az3"),
        ("ap-northeast-1", "apne1-az4"),
        ("ap-southeast-2", "apse2-az1"),
        ("us-gov-west-1", "usgw1-az1"),
    ],
)
def test_the_zones_of_a_region_are_known_by_their_ids(region: str, zone: str) -> None:
    require_region(f"a--{zone}--x-s3", region)
    with pytest.raises(InvalidRunSpecError):
        require_region(f"a--{zone}--x-s3", "sa-east-1")


@pytest.mark.parametrize(
    ("given_keys", "said"),
    [
        ({"mode": "s3_express"}, "mode s3_express needs bucket"),
        ({"bucket": BUCKET}, "bucket belongs to mode s3_express; say mode: s3_express, or take it"),
        ({"mode": "s3_express", "bucket": "plain-bucket"}, "pattern"),
        ({"mode": "s3_express", "bucket": "A--use1-az4--x-s3"}, "pattern"),
        ({"mode": "s3_express", "bucket": f"{'a' * 60}--use1-az4--x-s3"}, "63"),
        (EXPRESS | {"directory_path": "/fsx"}, "directory_path belongs to mode fsx_lustre"),
    ],
)
def test_a_section_that_says_half_of_it_is_refused(given_keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        InputSection(**given_keys)


class FakeS3:
    def __init__(self, error: ClientError | None = None) -> None:
        self.error = error

    def head_bucket(self, *, Bucket: str) -> dict[str, str]:
        assert Bucket == BUCKET
        if self.error:
            raise self.error
        return {"BucketLocationName": "use1-az4"}


def test_a_look_at_the_bucket_knows_what_is_not_there_from_what_may_pass() -> None:
    def found(code: str, status: int) -> bool:
        return is_there(FakeS3(refusal("CreateSession", code, "", status)), BUCKET)

    assert is_there(FakeS3(), BUCKET)
    assert not found("NoSuchBucket", 404)
    assert not found("AccessDenied", 403)
    with pytest.raises(ServiceUnavailableError):
        found("InternalError", 500)


def rung_of(world: RunWorld, **training: Any) -> Rung:
    return plan(world, max_runtime_seconds=7200, **training).rungs[0].to_domain()


def job(rung: Rung, number: int, **facts: Any) -> TrainingJob:
    terms, _ = instances_of(rung)
    told = {"status": "Completed", "secondary_status": "Completed", "billable_seconds": 3600}
    return TrainingJob(
        job_name_of(RUN_ID, number),
        created_at=NOW,
        max_runtime_seconds=7200,
        instance_type=terms.instance_type,
        run_id=RUN_ID,
        **{**told, "training_seconds": 3600, **facts},
    )


def test_an_attempt_is_billed_its_reads_and_the_first_one_the_upload(world: RunWorld) -> None:
    rung, later = rung_of(world), {"started_at": NOW, "ended_at": NOW + timedelta(hours=2)}
    first = attempt_of(job(rung, 1, **later), rung, world.artifacts)
    second = attempt_of(
        job(rung, 2, **later, transitions=("Training", "Interrupted", "Training")),
        rung,
        world.artifacts,
    )
    never = attempt_of(job(rung, 2, status="Failed", billable_seconds=0), rung, world.artifacts)

    def rows(state: Any) -> dict[str, Any]:
        return {
            one.what: pytest.approx(float(one.usd), rel=1e-3)
            for one in state.charges
            if one.what.startswith("S3 Express")
        }

    gigabytes = float(rung.terms["express"]["gigabytes"])
    kept = gigabytes * 0.11 * 2 / 730
    assert rows(first) == {
        "S3 Express upload (reckoned)": gigabytes * 0.0032,
        "S3 Express reads (reckoned)": gigabytes * 0.0006,
        "S3 Express storage (reckoned)": kept,
    }
    assert rows(second) == {
        "S3 Express reads (reckoned)": gigabytes * 0.0006 * 2,
        "S3 Express storage (reckoned)": kept,
    }
    assert rows(never) == {}
    assert first.billed_usd == sum(one.usd for one in first.charges)
    # Whole GB are shown, those of each reading.
    units = {one.what: one.units for one in second.charges}
    assert units["S3 Express reads (reckoned)"] == ceil(2 * gigabytes)


def test_a_running_attempt_is_charged_all_that_it_may_come_to(world: RunWorld) -> None:
    rung = rung_of(world)
    running = job(rung, 1, status="InProgress", started_at=NOW, billable_seconds=None)
    _, instances = instances_of(rung)

    charged = attempt_of(running, rung, world.artifacts).charged_usd
    assert charged == instances.most_usd(7200 + 120) + rung.fixed_usd


@given(workloads, st.integers(1, 16), st.integers(0, 400_000), st.integers(1, 4))
def test_what_two_attempts_are_billed_is_within_what_is_held(
    work: Workload, instances: int, waited: int, starts: int
) -> None:
    fees = fees_of(BUCKET, work, price_catalogue(), "us-east-1", max(1, waited))
    bills = [
        fees.charges(instances, starts=starts, seconds=waited, is_first=first)
        for first in (True, False)
    ]

    assert sum(one.usd for bill in bills for one in bill) <= fees.most_usd(instances)
    assert fees.gigabytes <= fees.most_gigabytes


def test_the_splits_are_written_to_both_buckets_and_nothing_else_is(world: RunWorld) -> None:
    world.s3.create_bucket(Bucket="copy")
    copy = Bucket(world.s3, "copy")
    scratch = scratch_with_copy(RUN_ID, world.artifacts, copy)
    for name in ("splits/train/part-00000.jsonl", "digests/train/part-00000.bin"):
        scratch.write(name, b"{}\n")

    (copied,) = copy.list("")
    assert copied.key == f"{splits_prefix(RUN_ID)}train/part-00000.jsonl"
    assert len(list(world.artifacts.list(f"scratch/{RUN_ID}/"))) == 2
    # The copy goes with the run's scratch.
    assert delete_copy(RUN_ID, copy, lambda *_: None) == (1, ())
    assert list(copy.list("")) == []


def test_a_bucket_that_is_gone_holds_no_run_up_and_is_reported(world: RunWorld) -> None:
    told: list[str] = []
    deleted, left = delete_copy(
        RUN_ID, Bucket(world.s3, "gone"), lambda what, error: told.append(f"{what}: {error}")
    )

    assert deleted == 0
    assert left == (f"s3://gone/{splits_prefix(RUN_ID)}",)
    assert "NoSuchBucket" in told[0]


def test_only_a_run_on_sagemaker_that_names_a_bucket_has_a_copy(world: RunWorld) -> None:
    run = world.write_run(training={"input": EXPRESS})
    planned = plan(world, 1)

    assert express_bucket(run, planned) == BUCKET
    assert express_bucket(run, planned.model_copy(update={"trainer": "bedrock"})) is None
    assert express_bucket(world.write_run(), planned) is None
    assert express_bucket(run, None) is None
