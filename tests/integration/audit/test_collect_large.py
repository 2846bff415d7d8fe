"""A generated account of more than a page of everything: each thing is collected once."""

from collections.abc import Iterator

import pytest

from local_aws.accounts.file import AccountFile
from local_aws.accounts.generator import NOW, Size, generate_account
from local_aws.server import EmbeddedAws
from tests.integration.audit.auditing import Auditor
from tests.integration.audit.clients import OnceClients
from tests.integration.local_aws.conftest import options_of
from thriftline.audit.aws.collectors import training_jobs
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.metrics import MetricSeries
from thriftline.audit.domain.use_signals import variant_metric

SIZE = Size(endpoints=130, training_jobs=230, buckets=3, objects=2_500, log_groups=130)
Large = tuple[EmbeddedAws, AccountFile, Inventory]


@pytest.fixture(scope="module")
def large() -> Iterator[Large]:
    account = generate_account(SIZE)
    with pytest.MonkeyPatch.context() as patch, EmbeddedAws(options_of(account)) as aws:
        patch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", "a")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        clients = OnceClients(account.region)
        yield aws, account, Auditor(aws, clients, account.account_id, NOW).inventory()


@pytest.mark.parametrize(
    "kind", ["endpoints", "training_jobs", "buckets", "notebooks", "log_groups"]
)
def test_each_thing_of_the_account_is_there_once(large: Large, kind: str) -> None:
    aws, account, found = large
    names = [one.name for one in getattr(found, kind)]
    own = set(aws.outputs.values())
    assert sorted(set(names) - own) == sorted(one.name for one in getattr(account, kind))
    assert len(names) == len(set(names))
    assert found.unread == ()


def test_models_and_tags_are_those_of_the_account(large: Large) -> None:
    _, account, found = large
    named = {variant.model for endpoint in account.endpoints for variant in endpoint.variants}
    assert {one.name for one in found.models} == named
    assert {one.name: one.tags for one in found.endpoints} == {
        one.name: tuple(sorted(one.tags.items())) for one in account.endpoints
    }


def test_prefixes_of_several_pages_are_as_large_as_the_file_says(large: Large) -> None:
    _, account, found = large
    told = {one.name: one.prefixes for one in found.buckets}
    for bucket in account.buckets:
        prefixes = told[bucket.name]
        assert isinstance(prefixes, tuple)
        assert {one.prefix: one.size_bytes for one in prefixes} == {
            one.prefix: one.bytes for one in bucket.prefixes
        }
        assert all(one.is_whole for one in prefixes)


def test_every_variant_has_its_own_invocations_and_few_calls_were_made(large: Large) -> None:
    aws, account, found = large
    for metric in account.metrics:
        dimensions = metric.dimensions
        key = variant_metric(dimensions["EndpointName"], dimensions["VariantName"], metric.name)
        series = found.metrics[key]
        assert isinstance(series, MetricSeries)
        assert sum(value or 0 for value in series.values) == sum(metric.points.values())
    assert aws.calls["cloudwatch", "GetMetricData"] <= len(found.metrics) // 500 + 3
    assert aws.calls["sagemaker", "DescribeTrainingJob"] == 0
    assert aws.calls["sagemaker", "DescribeModel"] == 0


def test_a_search_that_goes_no_deeper_is_taken_up_where_it_broke_off(
    large: Large, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws, account, found = large
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    monkeypatch.setattr(training_jobs, "_SEARCH_DEPTH", 100)
    before = aws.calls["sagemaker", "Search"]
    jobs = training_jobs.collect_training_jobs(OnceClients(account.region), found.window.start)
    assert jobs.unread == ()
    assert jobs.found == found.training_jobs
    assert aws.calls["sagemaker", "Search"] - before >= 4


def test_more_jobs_than_fit_are_left_out_and_that_is_told(
    large: Large, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws, account, found = large
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    monkeypatch.setattr(training_jobs, "_SEARCH_DEPTH", 100)
    monkeypatch.setattr(training_jobs, "MOST_JOBS", 100)
    jobs = training_jobs.collect_training_jobs(OnceClients(account.region), found.window.start)
    (gap,) = jobs.unread
    assert (gap.resource, gap.operation) == ("*", "Search")
    newest = [job.name for job in found.training_jobs[:100]]
    assert [job.name for job in jobs.found] == newest
