from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.audit.accounts import (
    bucket,
    component,
    endpoint,
    inventory,
    measured,
    series,
    throughput,
    training_job,
    variant,
)
from thriftline.audit.domain.facts import ResourceKind, Unread, UnreadResource, known, tags_of
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.metrics import NOT_ASKED, series_of
from thriftline.audit.domain.questions import metrics_needed
from thriftline.audit.domain.resources.bedrock import Bedrock, BedrockModelUse
from thriftline.audit.domain.use_signals import component_metric, variant_metric
from thriftline.audit.schemas.inventory import decode_inventory, encode_inventory

DENIED = Unread("ListTags", "AccessDeniedException: no")


def _everything() -> Inventory:
    return measured(
        inventory(
            endpoints=(
                endpoint(
                    "a",
                    variants=(variant("blue"), variant("green", instance_type=DENIED)),
                    inference_components=(component(),),
                    tags=DENIED,
                ),
                endpoint("b", tags=tags_of({"operation": "x", "error": "y"}), scaling=DENIED),
            ),
            training_jobs=(training_job(),),
            buckets=(bucket(), bucket("closed", bytes_by_storage_type=DENIED, versioning=DENIED)),
            bedrock=Bedrock(
                models=(BedrockModelUse(model_id="amazon.nova-micro-v1:0"),),
                provisioned_throughputs=(throughput(),),
                custom_models=(),
                deployments=(),
                imported_models=(),
            ),
            unread=(UnreadResource(ResourceKind.MODEL, "*", "ListModels", "Throttling: slow"),),
        )
    )


def test_an_inventory_comes_back_from_json_as_it_was() -> None:
    found = _everything()
    assert decode_inventory(encode_inventory(found)) == found


def test_an_unread_fact_and_a_tag_of_the_same_words_stay_apart_in_json() -> None:
    again = decode_inventory(encode_inventory(_everything()))
    assert again.endpoints[0].tags == DENIED
    assert again.endpoints[1].tags == (("error", "y"), ("operation", "x"))
    assert known(again.endpoints[0].tags) is None


def test_json_that_is_no_inventory_is_refused() -> None:
    with pytest.raises(ValidationError):
        decode_inventory(b'{"inventory": {}, "metrics": []}')


def test_every_variant_shadow_and_component_is_asked_by_its_own_name() -> None:
    asked = metrics_needed(
        inventory(
            endpoints=(
                endpoint(
                    "chat",
                    variants=(variant("variant-1"),),
                    shadow_variants=(variant("try"),),
                    inference_components=(component("llama"),),
                ),
            )
        )
    )
    for key in (
        variant_metric("chat", "variant-1", "Invocations"),
        variant_metric("chat", "try", "Invocations"),
        component_metric("llama", "Invocation5XXErrors"),
    ):
        assert key in asked
    assert not any(("VariantName", "AllTraffic") in key.dimensions for key in asked)
    assert len(set(asked)) == len(asked)


def test_a_failed_endpoint_is_asked_for_metrics_only_if_something_may_run() -> None:
    def asked(**facts: Any) -> int:
        return len(metrics_needed(inventory(endpoints=(endpoint(status="Failed", **facts),))))

    assert asked(variants=()) == 0
    assert asked(variants=(variant(instance_count=0),)) == 0
    assert asked(variants=(variant(instance_count=1),)) > 0
    assert asked(variants=(variant(instance_count=None),)) > 0


def test_a_metric_that_nobody_asked_for_is_unknown() -> None:
    assert series_of({}, variant_metric("chat", "a", "Invocations")) is NOT_ASKED


def test_days_of_a_series_are_found_by_their_beginning() -> None:
    days = series([1, None, 3])
    (first, _), (second, _), (third, _) = days.points()
    assert days.between(second, third) == (None,)
    assert days.between(first, second) == (1,)


def test_a_kind_is_known_wholly_only_if_it_was_collected_and_nothing_failed() -> None:
    gap = UnreadResource(ResourceKind.MODEL, "*", "ListModels", "Throttling: slow")
    assert inventory().knows_all([ResourceKind.MODEL])
    assert not inventory(unread=(gap,)).knows_all([ResourceKind.MODEL])
    assert not inventory(collected=frozenset()).knows_all([ResourceKind.MODEL])


@given(
    st.lists(st.none() | st.integers(0, 9), max_size=10),
    st.integers(-40, 300),
    st.integers(-40, 300),
)
def test_slices_of_a_series_are_those_of_its_points(
    values: list[float | None], start_hours: int, end_hours: int
) -> None:
    days = series(values)
    start = days.start + timedelta(hours=start_hours)
    end = days.start + timedelta(hours=end_hours)
    points = list(days.points())
    assert days.since(start) == tuple(value for when, value in points if when >= start)
    assert days.between(start, end) == tuple(value for when, value in points if start <= when < end)
