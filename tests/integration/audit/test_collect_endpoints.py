"""Endpoints as collectors read them from the embedded AWS."""

import json
from collections.abc import Callable

import pytest
from botocore.config import Config

from local_aws.http.faults import AwsFault
from local_aws.server import EmbeddedAws
from tests.integration.audit.clients import OnceClients
from tests.integration.local_aws.sample_account import NOW
from thriftline.audit.aws.collectors.endpoints import collect_endpoints, read_endpoint
from thriftline.audit.domain.facts import ResourceKind, Unread, UnreadResource
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.unknowns import has_unread
from thriftline.core.errors import AccessDeniedError, ThrottledError


def _one(clients: OnceClients, name: str) -> Endpoint:
    found = read_endpoint(clients, name)
    assert found is not None
    return found


def test_one_endpoint_and_all_of_them_are_told_alike(clients: OnceClients) -> None:
    listed = collect_endpoints(clients)
    assert listed.unread == ()
    assert len(listed.found) == 7
    for endpoint in listed.found:
        assert read_endpoint(clients, endpoint.name) == endpoint


def test_an_endpoint_that_is_not_there_is_none(clients: OnceClients) -> None:
    assert read_endpoint(clients, "never-there") is None


def test_variants_have_the_names_and_counts_of_the_endpoint_and_the_types_of_its_config(
    clients: OnceClients,
) -> None:
    blue, green = _one(clients, "two-variants").variants
    assert (blue.name, blue.instance_type, blue.instance_count, blue.model) == (
        *("blue", "ml.g5.xlarge", 1, "blue-model"),
    )
    assert (green.name, green.instance_count) == ("green", 2)


def test_every_kind_of_endpoint_is_told_apart(clients: OnceClients) -> None:
    shadowed, components = _one(clients, "shadowed"), _one(clients, "components")
    (serverless,) = _one(clients, "serverless").variants
    (host,) = components.variants
    assert [one.name for one in shadowed.shadow_variants] == ["shadow"]
    assert shadowed.shadow_variants[0].model == "main-model"
    assert serverless.serverless is not None
    assert (serverless.serverless.memory_mb, serverless.instance_type) == (2048, None)
    assert host.managed_scaling is not None
    assert (host.managed_scaling.minimum, host.instance_count) == (0, 0)
    assert isinstance(components.inference_components, tuple)
    assert [one.name for one in components.inference_components] == ["llm"]
    assert _one(clients, "queued").async_output_s3_uri == "s3://loaded-models/a"
    broken = _one(clients, "broken")
    assert (broken.status, "ping" in (broken.failure_reason or "")) == ("Failed", True)


def test_policies_are_kept_whole_so_that_a_restored_endpoint_scales_as_it_did(
    clients: OnceClients,
) -> None:
    scaling = _one(clients, "two-variants").scaling
    assert isinstance(scaling, tuple)
    (target,) = scaling
    assert (target.minimum, target.maximum) == (1, 4)
    assert isinstance(target.policies, tuple)
    (policy,) = map(json.loads, target.policies)
    assert policy["PolicyType"] == "TargetTrackingScaling"
    assert policy["ResourceId"] == "endpoint/two-variants/variant/blue"


def test_times_are_those_of_aws(clients: OnceClients) -> None:
    endpoint = _one(clients, "two-variants")
    assert (NOW - endpoint.created).days == 60
    assert (NOW - endpoint.last_modified).days == 30


@pytest.mark.parametrize(
    ("service", "operation", "fact"),
    [
        ("sagemaker", "DescribeEndpointConfig", lambda one: one.variants[0].instance_type),
        ("sagemaker", "ListInferenceComponents", lambda one: one.inference_components),
        ("application-autoscaling", "DescribeScalableTargets", lambda one: one.scaling),
        ("application-autoscaling", "DescribeScalingPolicies", lambda one: one.scaling[0].policies),
        ("sagemaker", "ListTags", lambda one: one.tags),
    ],
)
def test_a_fact_that_cannot_be_read_is_unread_and_the_rest_is_known(
    clients: OnceClients,
    sample: EmbeddedAws,
    service: str,
    operation: str,
    fact: Callable[[Endpoint], object],
) -> None:
    sample.faults.add(AwsFault(service, operation, "AccessDeniedException", times=None))
    endpoint = _one(clients, "two-variants")
    assert fact(endpoint) == Unread(operation, "AccessDeniedException: made to fail")
    assert has_unread(endpoint)
    assert endpoint.variants[0].instance_count == 1


def test_an_endpoint_that_cannot_be_described_raises_what_a_retry_understands(
    clients: OnceClients, sample: EmbeddedAws
) -> None:
    sample.faults.add(AwsFault("sagemaker", "DescribeEndpoint", "ThrottlingException"))
    with pytest.raises(ThrottledError):
        read_endpoint(clients, "queued")
    sample.faults.add(AwsFault("sagemaker", "DescribeEndpoint", "AccessDeniedException"))
    with pytest.raises(AccessDeniedError):
        read_endpoint(clients, "queued")


def test_a_component_that_cannot_be_described_makes_those_of_its_endpoint_unknown(
    clients: OnceClients, sample: EmbeddedAws
) -> None:
    fault = AwsFault("sagemaker", "DescribeInferenceComponent", "InternalFailure", 500, times=None)
    sample.faults.add(fault)
    for endpoint in collect_endpoints(clients).found:
        is_unread = isinstance(endpoint.inference_components, Unread)
        assert is_unread == (endpoint.name == "components")


def test_one_description_that_fails_loses_one_endpoint(
    clients: OnceClients, sample: EmbeddedAws
) -> None:
    sample.faults.add(AwsFault("sagemaker", "DescribeEndpoint", "ThrottlingException"))
    listed = collect_endpoints(clients)
    (lost,) = listed.unread
    assert (lost.kind, lost.operation) == (ResourceKind.ENDPOINT, "DescribeEndpoint")
    assert lost.resource not in {one.name for one in listed.found}
    assert len(listed.found) == 6


def test_a_list_that_fails_leaves_the_whole_kind_unknown(
    clients: OnceClients, sample: EmbeddedAws
) -> None:
    sample.faults.add(AwsFault("sagemaker", "ListEndpoints", "AccessDeniedException"))
    listed = collect_endpoints(clients)
    assert listed.found == ()
    assert listed.unread == (
        UnreadResource(
            ResourceKind.ENDPOINT,
            "*",
            "ListEndpoints",
            "AccessDeniedException: made to fail",
        ),
    )


def test_an_answer_that_does_not_come_in_time_leaves_the_fact_unread(
    clients: OnceClients, sample: EmbeddedAws
) -> None:
    # The client is made with this patience, and kept.
    clients.client("application-autoscaling", Config(read_timeout=0.2))
    late = AwsFault("application-autoscaling", "DescribeScalableTargets", "late", delay_seconds=1)
    sample.faults.add(late)
    scaling = _one(clients, "two-variants").scaling
    assert isinstance(scaling, Unread)
    assert "ReadTimeoutError" in scaling.error
