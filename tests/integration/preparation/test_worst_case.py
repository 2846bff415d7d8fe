"""What the embedded AWS bills, held against what EMR Serverless's engine quotes."""

from dataclasses import replace
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from local_aws.preparation.bill import billed
from local_aws.preparation.spark_settings import settings_of, workers_of
from tests.integration.preparation.world import WORK
from thriftline.core.settings import Settings
from thriftline.runs.domain.preparation import PreparationOrder
from thriftline.runs.engines.emr_serverless.engine import EmrServerlessEngine
from thriftline.runs.engines.emr_serverless.request import Place, start_request
from thriftline.runs.engines.emr_serverless.states import billed_usd


@settings(max_examples=200, deadline=None)
@given(
    gigabytes=st.floats(0.001, 3000),
    max_vcpus=st.integers(2, 4000),
    max_minutes=st.integers(5, 10_080),
    seconds=st.floats(0, 1),
)
def test_what_the_embedded_aws_bills_never_passes_what_was_quoted(
    gigabytes: float, max_vcpus: int, max_minutes: int, seconds: float
) -> None:
    environment = {
        "AWS_REGION": "us-east-1",
        "EMR_APPLICATION_ID": "00app",
        "PREPARATION_MAX_VCPUS": "4000",
    }
    engine = EmrServerlessEngine(
        cast("Any", None), cast("Any", None), Settings(environment), lambda: 4000
    )
    size = int(gigabytes * 10**9)
    quote = engine.quote(
        replace(WORK, unpacked_bytes=size, max_vcpus=max_vcpus, max_minutes=max_minutes)
    )
    if quote.worst_usd is None:
        return
    order = PreparationOrder(
        "n", "r", "p", 1, "s3://p", "s3://c", "s3://o/", "s3://l/", quote.terms
    )
    request = start_request(order, Place("00app", "role", "", {}))
    workers = workers_of(settings_of(request))
    executors = workers.at_most(None, 4000)
    ran = seconds * request["executionTimeoutMinutes"] * 60

    used = billed(workers, executors, ran).shown()

    usd = billed_usd(used, quote.terms["rates"])
    assert usd is not None
    assert 0 < usd <= quote.worst_usd
