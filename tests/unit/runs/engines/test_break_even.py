"""Where EMR Serverless and Lambdas break even, at the prices of us-east-1.

The rest of the table is docs/preparation.md's; a contract test holds it.
"""

from decimal import Decimal

import pytest

from tests.unit.runs.engines.emr_world import emr_engine
from tests.unit.runs.engines.works import GB, work
from thriftline.runs.engines.validation_cost import validation_minutes, validation_usd


def about(expected: float) -> object:
    """The table rounds to two digits, and the code whole minutes upwards."""
    return pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize(
    ("gigabytes", "usd", "minutes"),
    [(1, 0.0012, 1), (10, 0.012, 1), (100, 0.12, 2), (1000, 1.2, 18)],
)
def test_lambdas_validate_for_a_twentieth(gigabytes: int, usd: float, minutes: int) -> None:
    assert float(validation_usd(gigabytes * GB)) == about(usd)
    assert validation_minutes(gigabytes * GB) == minutes
    quote = emr_engine(quota=lambda: 999, PREPARATION_MAX_VCPUS="999").quote(
        work(gigabytes, max_vcpus=68, max_minutes=10_000)
    )
    assert quote.likely_usd is not None
    assert quote.likely_usd > 20 * validation_usd(gigabytes * GB)


@pytest.mark.parametrize(
    ("gigabytes", "usd", "minutes"),
    [(10, 0.284, (16, 6)), (100, 2.84, (143, 38)), (1000, 28.4, (1409, 354))],
)
def test_emr_serverless_on_16_and_64_vcpus(
    gigabytes: int, usd: float, minutes: tuple[int, int]
) -> None:
    for vcpus, took in zip((16, 64), minutes, strict=True):
        engine = emr_engine(quota=lambda: 999, PREPARATION_MAX_VCPUS="999")
        # The table leaves the driver out, and the disk.
        asked = work(gigabytes, max_vcpus=vcpus + 4, max_minutes=10_000)
        quote = engine.quote(asked)
        if quote.cannot:
            assert "disk" in quote.cannot
            continue
        assert quote.likely_minutes == pytest.approx(took, abs=1)
        assert quote.likely_usd is not None
        workers = quote.terms
        driver = Decimal(took) / 60 * 4 * Decimal("0.075738")
        disk = workers["executors"] * (workers["disk_gb"] - 20) * Decimal("0.000111") * took / 60
        assert float(quote.likely_usd - driver - disk) == about(usd)
