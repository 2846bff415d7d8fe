"""What a preparation on Databricks costs, and why it is refused."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from tests.unit.runs.engines.works import work
from thriftline.core.settings import Settings
from thriftline.runs.domain.preparation import PreparationQuote
from thriftline.runs.engines.databricks.nodes import has_local_disks, vcpus_of
from thriftline.runs.engines.databricks.quoting import QuoteSources, quote
from thriftline.runs.schemas.databricks_section import DatabricksSection

NOW = datetime(2026, 11, 30, tzinfo=UTC)
NO_EBS = Decimal(0)
WORKSPACE = {"DATABRICKS_SECRET_ARN": "arn"}
# Databricks Premium, EC2 in us-east-1.
SECTION = {
    "node_type": "m5.xlarge",
    "workers": 8,
    "usd_per_dbu": "0.15",
    "dbu_per_hour": "0.69",
    "ec2_usd_per_hour": "0.192",
}


def quoted(
    gigabytes: float = 100,
    section: Mapping[str, Any] = SECTION,
    settings: Mapping[str, str] = WORKSPACE,
    ebs: Decimal = NO_EBS,
    **limits: Any,
) -> PreparationQuote:
    checked = DatabricksSection.model_validate(section).model_dump()
    asked = work(gigabytes, **{"max_vcpus": 64, "max_minutes": 120, **limits, "settings": checked})
    return quote(asked, QuoteSources(Settings(settings), lambda: ebs, lambda: NOW))


def test_the_worst_case_is_every_node_on_demand_for_the_limit_and_fifteen_minutes() -> None:
    found = quoted(spare_capacity=True)
    # 9 x (0.192 + 0.69 x 0.15) x (120 + 15) / 60
    assert found.worst_usd == 9 * Decimal("0.2955") * 135 / 60
    assert found.usd_per_hour == 9 * Decimal("0.2955")
    assert found.cannot is None
    assert "9 nodes of m5.xlarge" in found.basis


def test_volumes_count_in_it() -> None:
    found = quoted(section={**SECTION, "ebs_volume_gib": 145}, ebs=Decimal("0.73"))
    # 255 GiB of the system's and 145 of its own, at 0.001 USD an hour.
    assert found.worst_usd == 9 * (Decimal("0.2955") + Decimal("0.4")) * 135 / 60


def test_what_is_likely_is_that_of_the_break_even_table() -> None:
    spot, on_demand = quoted(spare_capacity=True), quoted(spare_capacity=False)
    assert spot.likely_minutes == on_demand.likely_minutes == 77
    assert spot.likely_usd is not None
    assert on_demand.likely_usd is not None
    assert spot.likely_usd.quantize(Decimal("0.1")) == Decimal("2.1")
    assert on_demand.likely_usd.quantize(Decimal("0.1")) == Decimal("3.4")
    assert spot.worst_usd == on_demand.worst_usd


def test_spot_is_said_to_save_what_it_does() -> None:
    reason = quoted(spare_capacity=True).reason
    assert "not a cent less for DBUs: a worker costs about 42 % less, 0.171 USD" in reason
    assert "Spot" not in quoted(spare_capacity=False).reason


@pytest.mark.parametrize("field", ["usd_per_dbu", "dbu_per_hour", "ec2_usd_per_hour"])
def test_a_rate_that_nobody_said_is_refused_by_its_name(field: str) -> None:
    section = {name: value for name, value in SECTION.items() if name != field}
    found = quoted(section=section)
    assert found.worst_usd is None
    assert found.cannot is not None
    assert f"prepare.databricks.{field} is not set" in found.cannot
    assert "DatabricksUsdPerDbu" in found.cannot


def test_a_workspace_without_any_rate_is_refused_with_all_of_their_names() -> None:
    found = quoted(section={"alternate_node_types": [{"node_type": "m5a.xlarge"}]})
    assert found.cannot is not None
    for name in (
        "prepare.databricks.usd_per_dbu",
        "prepare.databricks.dbu_per_hour",
        "prepare.databricks.alternate_node_types.0.ec2_usd_per_hour",
    ):
        assert name in found.cannot
    assert "are not set" in found.cannot


def test_a_stack_without_a_workspace_names_its_parameter() -> None:
    found = quoted(settings={})
    assert found.cannot is not None
    assert "DatabricksSecretArn" in found.cannot


def test_the_stacks_rates_hold_and_another_of_the_run_spec_is_named() -> None:
    own = {"m5.xlarge": {"dbu_per_hour": "0.80", "ec2_usd_per_hour": "0.20"}}
    settings = {
        **WORKSPACE,
        "DATABRICKS_USD_PER_DBU": "0.20",
        "DATABRICKS_NODE_RATES": json.dumps(own),
    }
    found = quoted(settings=settings)
    assert found.worst_usd == 9 * Decimal("0.36") * 135 / 60
    (warning,) = found.warnings
    for field in ("usd_per_dbu", "dbu_per_hour", "ec2_usd_per_hour"):
        assert f"prepare.databricks.{field}" in warning
    assert quoted(section={"workers": 8}, settings=settings).warnings == ()


def test_the_most_expensive_of_the_node_types_counts() -> None:
    alternate = {"node_type": "r5.xlarge", "dbu_per_hour": "0.87", "ec2_usd_per_hour": "0.252"}
    found = quoted(section={**SECTION, "alternate_node_types": [alternate]})
    assert found.worst_usd == 9 * (Decimal("0.252") + Decimal("0.1305")) * 135 / 60


def test_workers_are_as_many_as_the_limit_allows_and_the_data_keep_busy() -> None:
    section = {name: value for name, value in SECTION.items() if name != "workers"}
    for gigabytes, vcpus, workers in ((1, 64, 1), (10, 64, 6), (100, 64, 15), (10, 16, 3)):
        found = quoted(gigabytes, section=section, max_vcpus=vcpus)
        assert found.terms["cluster"]["workers"] == workers


def test_more_workers_than_the_limit_of_vcpus_are_refused_with_the_number() -> None:
    found = quoted(max_vcpus=16)
    assert found.cannot is not None
    assert "a driver and 8 workers of 4 vCPUs have 36" in found.cannot


def test_a_node_type_whose_size_is_not_known_is_refused() -> None:
    found = quoted(section={**SECTION, "node_type": "zz9.metal-24xl"})
    assert found.cannot is not None
    assert "How many vCPUs a zz9.metal-24xl has is not known" in found.cannot


def test_work_that_takes_longer_than_the_limit_is_refused_with_a_limit_that_does() -> None:
    found = quoted(100, section={**SECTION, "workers": 3}, max_vcpus=16, max_minutes=60)
    assert found.cannot is not None
    assert "3 workers of m5.xlarge take about 3.2 hours for 100 GB" in found.cannot
    assert "prepare.max_minutes to 300" in found.cannot
    assert found.likely_minutes == 194


def test_one_large_gz_is_refused() -> None:
    found = quoted(largest_unsplittable_bytes=40 * 10**9)
    assert found.cannot is not None
    assert "40 GB cannot be read in parts" in found.cannot


def test_more_data_than_volumes_hold_is_refused_with_the_workers_that_do() -> None:
    found = quoted(20_000, max_minutes=10_000)
    assert found.cannot is not None
    assert "prepare.databricks.workers to 15 or more" in found.cannot


def test_a_run_spec_without_the_section_gets_its_defaults() -> None:
    settings = {
        **WORKSPACE,
        "DATABRICKS_USD_PER_DBU": "0.15",
        "DATABRICKS_NODE_RATES": '{"m5.xlarge": {"dbu_per_hour": 0.69, "ec2_usd_per_hour": 0.192}}',
    }
    sources = QuoteSources(Settings(settings), lambda: NO_EBS, lambda: NOW)
    without = quote(work(1), sources)
    assert without.worst_usd is not None
    assert without == quote(work(1, settings=DatabricksSection().model_dump()), sources)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("node_type", "M5.xlarge"),
        ("node_type", "m5"),
        ("workers", 0),
        ("usd_per_dbu", 0),
        ("dbu_per_hour", -1),
        ("spark_version", "13.3.x-scala2.12"),
        ("spark_version", "17.3.x-gpu-ml-scala2.13"),
        ("ebs_volume_gib", 50),
        ("packages", ["py3langid"]),
        ("packages", ["py3langid==0.4.0; rm"]),
        ("policy_id", "../x"),
        ("instance_profile_arn", "arn:aws:iam::1:role/x"),
        ("alternate_node_types", [{"node_type": "m5.xlarge"}]),
        ("alternate_node_types", [{"node_type": "m5a.xlarge"}, {"node_type": "m5a.xlarge"}]),
        ("num_workers", 3),
        ("autoscale", {"min_workers": 1}),
    ],
)
def test_what_the_section_does_not_take(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        DatabricksSection.model_validate({field: value})


def test_terms_are_plain_json() -> None:
    terms = quoted().terms
    assert json.loads(json.dumps(terms)) == terms


@pytest.mark.parametrize(
    ("node_type", "vcpus", "disks"),
    [
        ("m5.xlarge", 4, False),
        ("m5d.2xlarge", 8, True),
        ("r5.large", 2, False),
        ("i3.4xlarge", 16, True),
        ("m6gd.16xlarge", 64, True),
        ("m-fleet.xlarge", 4, False),
        ("md-fleet.2xlarge", 8, True),
        ("i4i.32xlarge", 128, True),
        ("d3.xlarge", 4, True),
        ("z1d.metal", None, True),
        ("c5.18xlarge", 72, False),
    ],
)
def test_node_types_are_known_by_their_names(
    node_type: str, vcpus: int | None, disks: bool
) -> None:
    assert vcpus_of(node_type) == vcpus
    assert has_local_disks(node_type) is disks
