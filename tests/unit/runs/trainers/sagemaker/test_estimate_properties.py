"""What must hold for any estimate: more work never costs less, and the parts stay in order."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.runs.trainers.sagemaker.test_estimate import encoders, gpus, instances, workloads
from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.domain.quotes import Expectation
from thriftline.runs.domain.spans import EXACT, Span, Spread
from thriftline.runs.trainers.sagemaker.calibration import speed_of
from thriftline.runs.trainers.sagemaker.disk import disk_gb
from thriftline.runs.trainers.sagemaker.estimate import CANDIDATE_TYPES, Job, estimate
from thriftline.runs.trainers.sagemaker.expected_time import JobTerms, Workload, expected_time
from thriftline.runs.trainers.sagemaker.scaling import Gpus

LIMIT = 2_419_200
types = st.sampled_from(CANDIDATE_TYPES)


def of(name: str, work: Workload, encoder: Encoder, *, spot: bool = False) -> Expectation:
    job = Job(work, encoder, "m", JobTerms(spot=spot))
    return estimate(instances(name), job, max_runtime_seconds=LIMIT)


def seconds(expected: Expectation) -> tuple[int, int, int]:
    assert expected.low is not None
    assert expected.seconds is not None
    assert expected.high is not None
    return expected.low.seconds, expected.seconds, expected.high.seconds


def never_less(one: Expectation, other: Expectation) -> None:
    """Asserts that the second takes and costs at least what the first does, in all three."""
    if one.usd is None or other.usd is None:
        assert one.usd == other.usd
        return
    assert all(less <= more for less, more in zip(seconds(one), seconds(other), strict=True))
    assert one.usd <= other.usd


@given(workloads, encoders, types, st.integers(0, 10**6))
def test_more_rows_never_cost_less(work: Workload, encoder: Encoder, name: str, more: int) -> None:
    for split in ("train_rows", "validation_rows", "test_rows"):
        larger = replace(work, **{split: getattr(work, split) + more})
        never_less(of(name, work, encoder), of(name, larger, encoder))


@given(workloads, encoders, types, st.floats(0, 1e5))
def test_longer_texts_never_cost_less(
    work: Workload, encoder: Encoder, name: str, more: float
) -> None:
    longer = replace(work, mean_characters=work.mean_characters + more)

    never_less(of(name, work, encoder), of(name, longer, encoder))


@given(workloads, encoders, types)
def test_a_champion_a_head_and_spot_never_cost_less(
    work: Workload, encoder: Encoder, name: str
) -> None:
    without = replace(work, has_champion=False, is_read_first=False)

    never_less(of(name, without, encoder), of(name, replace(without, has_champion=True), encoder))
    never_less(of(name, without, encoder), of(name, replace(without, is_read_first=True), encoder))
    never_less(of(name, without, encoder), of(name, without, encoder, spot=True))


@given(workloads, encoders, st.sampled_from(["ml.g5.12xlarge", "ml.p4d.24xlarge"]))
def test_a_frozen_encoder_never_costs_more(work: Workload, encoder: Encoder, name: str) -> None:
    never_less(of(name, replace(work, is_frozen=True), encoder), of(name, work, encoder))


@given(workloads, encoders, types)
def test_the_phases_are_in_order_and_add_up(work: Workload, encoder: Encoder, name: str) -> None:
    expected = expected_time(work, encoder, gpus(name))

    for span in (*expected.phases.values(), *expected.parts):
        assert 0 <= span.low <= span.likely <= span.high
    total = sum(span.likely for span in expected.phases.values())
    assert abs(expected.seconds.likely - total) <= 1e-6 * total
    assert abs(sum(part.likely for part in expected.parts) - total) <= 1e-6 * total


@given(workloads, encoders, st.integers(0, 10**6))
def test_more_data_never_need_less_disk(work: Workload, encoder: Encoder, more: int) -> None:
    larger = replace(work, train_rows=work.train_rows + more)

    assert disk_gb(work, encoder) <= disk_gb(larger, encoder)
    assert disk_gb(work, None) <= disk_gb(work, encoder)


@given(encoders, types)
def test_a_speed_is_below_the_peak_of_the_gpu(encoder: Encoder, name: str) -> None:
    chip = gpus(name).gpu.chip

    speed = speed_of(chip, encoder)

    assert 0 < speed.tflops * speed.spread.up < chip.peak_tflops
    assert speed.spread.down <= 1 <= speed.spread.up


@given(st.floats(0.01, 1.0), st.floats(1.0, 100.0), st.floats(0.1, 1e6))
def test_two_spreads_together_are_wider_than_either(down: float, up: float, likely: float) -> None:
    one, other = Spread(down, up), Spread.either_way(1.2)

    both = one.and_(other)

    assert both.down <= min(one.down, other.down) + 1e-12
    assert both.up >= max(one.up, other.up) - 1e-12
    assert one.and_(EXACT).around(likely).high <= both.around(likely).high * (1 + 1e-12)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_span_is_in_order_or_is_none(low: float, likely: float, high: float) -> None:
    assume(not low <= likely <= high)
    try:
        Span(low, likely, high)
    except ValueError:
        return
    raise AssertionError("a span out of order was made")


@given(workloads, encoders, st.integers(1, 4))
def test_more_instances_never_do_more_than_so_many_times_one(
    work: Workload, encoder: Encoder, count: int
) -> None:
    one = expected_time(work, encoder, gpus("ml.p4d.24xlarge")).phases["work"].likely
    several = Gpus.of("ml.p4d.24xlarge", count)

    assert several is not None
    together = expected_time(work, encoder, several).phases["work"].likely
    assert together >= one / count - 1e-6
