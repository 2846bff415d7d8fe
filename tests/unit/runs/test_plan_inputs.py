"""How a run's data reach its instances: copied, streamed or through a file system."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.runs.plan_world import plan_of_characters
from tests.unit.runs.run_world import RunWorld, run_world
from tests.unit.runs.trainers.sagemaker.test_estimate import encoders, workloads
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.schemas.input_section import InputSection
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.trainers.sagemaker.disk import disk_gb
from thriftline.runs.trainers.sagemaker.expected_time import Workload
from thriftline.runs.trainers.sagemaker.file_systems import Association, FileSystem
from thriftline.runs.trainers.sagemaker.input_choice import (
    MOST_VOLUME_GIB,
    Place,
    data_input,
    volume_for,
)

GB = 10**9
FSX = {
    "mode": "fsx_lustre",
    "file_system_id": "fs-0123456789abcdef0",
    "directory_path": "/fsx/thriftline",
}
FILE_SYSTEM = FileSystem(
    "fs-0123456789abcdef0",
    "LUSTRE",
    "AVAILABLE",
    "SCRATCH_2",
    "fsx",
    1200,
    ("subnet-1",),
    (Association("/thriftline", "s3://artifacts/", True, True),),
)
IN_VPC = {"TRAINING_SUBNET_IDS": "subnet-1", "TRAINING_SECURITY_GROUP_IDS": "sg-1"}


@pytest.fixture
def world() -> Iterator[RunWorld]:
    with run_world() as made:
        yield made


def plan(
    world: RunWorld,
    gigabytes: float = 0.001,
    file_system: FileSystem | None = None,
    environment: dict[str, str] | None = None,
    **training: Any,
) -> Plan:
    trainers = trainers_over(
        world.artifacts, file_system=file_system, **cast("Any", environment or {})
    )
    return plan_of_characters(world, int(gigabytes * GB), trainers, **training)


def test_a_small_data_set_is_copied_to_the_smallest_volume(world: RunWorld) -> None:
    terms = plan(world, instance_type="ml.p3.2xlarge").rungs[0].terms

    assert (terms["input_mode"], terms["volume_gib"]) == ("file", 30)


# 100 GB at 500 MB/s are 200 s, at 1.408 USD an hour 0.0782 USD.
def test_a_large_data_set_is_streamed_and_the_plan_says_what_a_copy_would_cost(
    world: RunWorld,
) -> None:
    first = plan(world, 100, instance_type="ml.g5.xlarge").rungs[0]

    assert first.terms["input_mode"] == "fast_file"
    assert "A copy of 100.0 GB would take 200 seconds" in first.reason
    assert "about 0.08 USD on demand" in first.reason
    assert first.terms["input_reason"] in first.reason


def test_what_fits_no_disk_as_a_copy_is_streamed_however_cheap_the_copy(world: RunWorld) -> None:
    # 125 GB of NVMe: 100 GB of text are 160 with their tokens, before checkpoints, and 60 without.
    first = plan(world, 100, instance_type="ml.g4dn.xlarge", spot=False).rungs[0]

    assert first.terms["input_mode"] == "fast_file"
    assert "a copy would need about 163 GB of disk, and the instance has 125" in first.reason


def test_the_volume_follows_the_data_and_what_run_yaml_names_goes_first(world: RunWorld) -> None:
    auto = plan(world, 100, instance_type="ml.p3.2xlarge").rungs[0].terms
    copied = plan(world, 100, instance_type="ml.p3.2xlarge", input={"mode": "file"}).rungs[0].terms
    named = plan(world, 100, instance_type="ml.p3.2xlarge", volume_gib=500).rungs[0].terms

    assert (auto["input_mode"], auto["volume_gib"]) == ("fast_file", 80)
    assert (copied["input_mode"], copied["volume_gib"]) == ("file", 190)
    assert named["volume_gib"] == 500


def test_a_copy_that_run_yaml_asks_for_and_that_does_not_fit_is_refused(world: RunWorld) -> None:
    with pytest.raises(InvalidRunSpecError, match=r"take training\.input\.mode out, so that"):
        plan(world, 400, instance_type="ml.g5.xlarge", input={"mode": "file"})


def test_streaming_is_expected_to_take_no_longer_than_copying(world: RunWorld) -> None:
    streamed = plan(world, 100, instance_type="ml.g5.4xlarge", spot=False)
    copied = plan(world, 100, instance_type="ml.g5.4xlarge", spot=False, input={"mode": "file"})

    assert streamed.expected_usd is not None
    assert copied.expected_usd is not None
    assert streamed.expected_usd < copied.expected_usd


@given(
    workloads,
    encoders,
    st.sampled_from(["ml.g5.xlarge", "ml.p3.2xlarge", "ml.g4dn.xlarge", "ml.m5.xlarge"]),
    st.integers(1, 16),
)
def test_a_choice_of_the_plan_always_fits_the_volume_that_it_takes(
    work: Workload, encoder: Encoder, name: str, count: int
) -> None:
    place = Place(name, count, Decimal("1.408"))
    how = data_input(None, place, work, encoder, None)
    gib = volume_for(work, encoder, how)
    needed = disk_gb(work, encoder, is_copied=how.is_copied)

    assert gib == MOST_VOLUME_GIB or needed <= gib * 2**30 / 1e9
    # Nothing is streamed that would be as cheap, and as small, as a copy.
    if how.is_copied and place.nvme_gb:
        assert needed <= place.nvme_gb


def test_a_file_system_is_read_through_and_its_price_is_set_against_the_copy(
    world: RunWorld,
) -> None:
    written = plan(world, 100, FILE_SYSTEM, IN_VPC, instance_type="ml.g5.xlarge", input=FSX)

    terms = written.rungs[0].terms
    assert terms["input_mode"] == "fsx_lustre"
    assert (terms["file_system"], terms["directory_path"]) == (
        FSX["file_system_id"],
        FSX["directory_path"],
    )
    # 1,200 GiB at 0.14 a month of 730 hours are 5.52 a day; a copy costs 0.0782.
    (said,) = [text for text in written.warnings if "file system" in text]
    assert "costs 5.52 USD a day" in said
    assert "streaming them from S3 (mode: fast_file) costs nothing" in said
    assert "it pays from 71 such jobs a day" in said


def test_a_file_system_of_unknown_price_says_so(world: RunWorld) -> None:
    found = replace(FILE_SYSTEM, deployment="PERSISTENT_2")
    written = plan(world, 1, found, IN_VPC, input=FSX)

    assert any("PERSISTENT_2 is not on file" in text for text in written.warnings)


@pytest.mark.parametrize(
    ("found", "environment", "said"),
    [
        (FILE_SYSTEM, {}, "TrainingSubnetIds and TrainingSecurityGroupIds"),
        (None, IN_VPC, "is not in this account and region"),
        (replace(FILE_SYSTEM, kind="WINDOWS"), IN_VPC, "is of type WINDOWS"),
        (replace(FILE_SYSTEM, lifecycle="CREATING"), IN_VPC, "is CREATING, not AVAILABLE"),
        (replace(FILE_SYSTEM, mount_name="abcd"), IN_VPC, "let it start with /abcd"),
        (replace(FILE_SYSTEM, associations=()), IN_VPC, "does not show s3://artifacts/ at"),
        (
            replace(
                FILE_SYSTEM,
                associations=(Association("/thriftline", "s3://artifacts/", True, False),),
            ),
            IN_VPC,
            "the import event NEW",
        ),
        (
            replace(
                FILE_SYSTEM,
                associations=(Association("/thriftline", "s3://artifacts/", False, True),),
            ),
            IN_VPC,
            "at the moment",
        ),
    ],
)
def test_a_file_system_that_cannot_be_read_through_refuses_the_run(
    world: RunWorld, found: FileSystem | None, environment: dict[str, str], said: str
) -> None:
    with pytest.raises(InvalidRunSpecError) as refused:
        plan(world, 1, found, environment, input=FSX)

    assert said in str(refused.value)
    assert "Nothing was spent." in str(refused.value)


@pytest.mark.parametrize(
    ("given_keys", "said"),
    [
        ({"mode": "fsx_lustre"}, "needs file_system_id and directory_path"),
        ({"mode": "fsx_lustre", "file_system_id": "fs-01234567"}, "needs directory_path"),
        ({"directory_path": "/fsx"}, "directory_path belongs to mode fsx_lustre"),
        ({"mode": "fsx_lustre", "file_system_id": "vol-1", "directory_path": "/x"}, "pattern"),
        ({"mode": "pipe"}, "'fast_file'"),
    ],
)
def test_a_section_that_says_half_of_it_is_refused(given_keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        InputSection(**given_keys)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ml.trn1.2xlarge", "Trainium 1 is not in the current Neuron SDK"),
        ("ml.trn1n.32xlarge", "Trainium 1 is not in the current Neuron SDK"),
        ("ml.trn2.48xlarge", "is a public beta"),
        ("ml.inf2.xlarge", "Inferentia is for inference"),
    ],
)
def test_aws_own_chips_are_refused_with_the_reason_and_the_price_of_a_gpu(
    world: RunWorld, name: str, reason: str
) -> None:
    with pytest.raises(InvalidRunSpecError) as refused:
        plan(world, instance_type=name)

    said = str(refused.value)
    assert reason in said
    assert "ml.g5.xlarge (1.408 USD an hour) or ml.g6.xlarge (1.1267 USD an hour)" in said
    assert "Nothing was spent." in said


def test_a_rung_of_the_ladder_is_refused_alike(world: RunWorld) -> None:
    ladder = [{"instance_type": "ml.g5.xlarge"}, {"instance_type": "ml.trn1.2xlarge"}]
    with pytest.raises(InvalidRunSpecError, match=r"training\.ladder, rung 2: ml\.trn1"):
        plan(world, ladder=ladder)
