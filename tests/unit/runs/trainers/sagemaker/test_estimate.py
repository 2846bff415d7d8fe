"""The estimate of time and cost, and its refusals to guess."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.money.instances import gpus_of, network_gbit_of
from thriftline.money.price_catalogue import price_catalogue
from thriftline.money.prices import Price
from thriftline.runs.domain.encoders import WELL_KNOWN, Encoder, encoder_from_config
from thriftline.runs.trainers.sagemaker.estimate import CANDIDATE_TYPES, Job, estimate
from thriftline.runs.trainers.sagemaker.expected_time import (
    Workload,
    expected_time,
)
from thriftline.runs.trainers.sagemaker.fitting import fits_memory
from thriftline.runs.trainers.sagemaker.priced_instances import PricedInstances
from thriftline.runs.trainers.sagemaker.scaling import Gpus

BERT_BASE = WELL_KNOWN["google-bert/bert-base-uncased"]
REVIEWS = Workload(
    train_rows=25_000,
    validation_rows=0,
    test_rows=0,
    mean_characters=1325,
    epochs=3,
    batch_tokens=16_384,
    max_length=512,
    has_champion=False,
)


def instances(name: str = "ml.g5.xlarge", usd: str = "1.408") -> PricedInstances:
    day = date(2026, 5, 20)
    return PricedInstances(
        name,
        1,
        Price(Decimal(usd), "instance-hour", "us-east-1", "Training", "a list", day),
        30,
        Price(Decimal("0.14"), "GB-month", "us-east-1", "Training storage", "a list", day),
    )


def gpus(name: str, instances: int = 1) -> Gpus:
    return Gpus.of(name, instances) or pytest.fail(f"{name} has a GPU")


def work_of(workload: Workload, encoder: Encoder, on: Gpus) -> float:
    return expected_time(workload, encoder, on).phases["work"].likely


def test_the_arithmetic_of_bert_base_is_the_published_formula() -> None:
    # Per layer 4H² + 2HI = 7.078 M weights, 84.93 M in twelve; so a record of L tokens takes
    # 509.6 M L + 0.1106 M L² FLOPs.
    assert BERT_BASE.parameters_per_layer == 7_077_888
    assert BERT_BASE.training_flops(1, 0) == pytest.approx(509.6e6, rel=1e-3)
    assert BERT_BASE.training_flops(0, 1) == pytest.approx(0.1106e6, rel=1e-3)
    # A record of 512 tokens: 289.9 GFLOP.
    assert BERT_BASE.training_flops(512, 512**2) == pytest.approx(289.9e9, rel=1e-3)
    assert BERT_BASE.parameters == pytest.approx(109.5e6, rel=0.02)


def test_a_config_of_each_known_kind_gives_the_shape() -> None:
    bert = {
        "model_type": "bert",
        "num_hidden_layers": 12,
        "hidden_size": 768,
        "intermediate_size": 3072,
        "vocab_size": 30_522,
    }
    distilbert = {
        "model_type": "distilbert",
        "n_layers": 6,
        "dim": 768,
        "hidden_dim": 3072,
        "vocab_size": 30_522,
    }
    modernbert = {
        "model_type": "modernbert",
        "num_hidden_layers": 22,
        "hidden_size": 768,
        "intermediate_size": 1152,
        "vocab_size": 50_368,
    }

    assert encoder_from_config(bert) == BERT_BASE
    assert encoder_from_config(distilbert) == WELL_KNOWN["distilbert/distilbert-base-uncased"]
    assert encoder_from_config(modernbert) == WELL_KNOWN["answerdotai/ModernBERT-base"]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096},
        {"model_type": "bert", "num_hidden_layers": 12},
        {"model_type": "distilbert", "n_layers": 0, "dim": 1, "hidden_dim": 1, "vocab_size": 1},
    ],
)
def test_a_config_of_another_kind_has_no_known_shape(config: dict[str, object]) -> None:
    assert encoder_from_config(config) is None


def test_a_review_has_about_the_tokens_that_were_measured() -> None:
    # IMDB, bert-base-uncased, cut at 512: 271.7 were measured; without the cut's effect 313.
    assert REVIEWS.mean_tokens == pytest.approx(313, abs=2)


def test_records_are_cut_at_the_maximal_length() -> None:
    assert Workload(1, 0, 0, 1e6, 1, 4096, 128, False).mean_tokens == 128


def test_reviews_on_an_a10g_take_some_quarter_of_an_hour() -> None:
    gpu = gpus("ml.g5.xlarge")

    seconds = expected_time(REVIEWS, BERT_BASE, gpu).seconds

    # 75,000 records of some 170 GFLOP at 20 TFLOP/s.
    assert 500 < seconds.low < seconds.likely < seconds.high < 3600


def test_a_small_model_on_a_large_gpu_waits_for_its_launches() -> None:
    gpu = gpus("ml.p5.4xlarge")
    tiny = Encoder(6, 64, 256, 1000)
    small_batches = Workload(100_000, 0, 0, 100, 1, 512, 128, False)
    large_batches = Workload(100_000, 0, 0, 100, 1, 51_200, 128, False)

    assert work_of(small_batches, tiny, gpu) > 10
    assert work_of(large_batches, tiny, gpu) < 10


workloads = st.builds(
    Workload,
    train_rows=st.integers(0, 10**7),
    validation_rows=st.integers(0, 10**6),
    test_rows=st.integers(0, 10**6),
    mean_characters=st.floats(0, 1e6),
    epochs=st.integers(1, 100),
    batch_tokens=st.integers(64, 1_048_576),
    max_length=st.integers(8, 8192),
    has_champion=st.booleans(),
)
encoders = st.sampled_from(sorted(WELL_KNOWN)).map(lambda name: WELL_KNOWN[name])


@given(
    workloads,
    encoders,
    st.sampled_from([*CANDIDATE_TYPES, "ml.m5.xlarge", "ml.p4d.24xlarge"]),
    st.integers(60, 2_419_200),
)
def test_the_expected_cost_never_passes_the_worst_case(
    work: Workload, encoder: Encoder, name: str, limit: int
) -> None:
    some = instances(name)

    expected = estimate(some, Job(work, encoder, "m"), max_runtime_seconds=limit)

    assert expected.reason
    if expected.usd is not None:
        assert expected.low is not None
        assert expected.high is not None
        assert expected.seconds is not None
        assert Decimal(0) < expected.low.usd <= expected.usd <= expected.high.usd
        assert expected.high.usd <= some.worst_case_usd(limit)
        assert 150 <= expected.low.seconds <= expected.seconds <= expected.high.seconds


@given(workloads, encoders)
def test_more_epochs_never_take_less_time(work: Workload, encoder: Encoder) -> None:
    gpu = gpus("ml.g6.xlarge")
    longer = Workload(**{**work.__dict__, "epochs": work.epochs + 1})

    assert work_of(longer, encoder, gpu) >= work_of(work, encoder, gpu)


@pytest.mark.parametrize(
    ("name", "work", "encoder", "reason"),
    [
        ("ml.g5.xlarge", None, BERT_BASE, "the volume of the data is not known"),
        ("ml.g5.xlarge", REVIEWS, None, "the size of my/model is not known"),
        ("ml.m5.xlarge", REVIEWS, BERT_BASE, "the speed of ml.m5.xlarge is not known"),
        ("ml.g4dn.xlarge", REVIEWS, Encoder(48, 4096, 16_384, 50_000), "may not fit the 16 GiB"),
    ],
)
def test_what_is_not_known_is_not_guessed(
    name: str, work: Workload | None, encoder: Encoder | None, reason: str
) -> None:
    expected = estimate(instances(name), Job(work, encoder, "my/model"), max_runtime_seconds=7200)

    assert expected.usd is None
    assert expected.hours is None
    assert reason in expected.reason


def test_every_candidate_has_gpus_and_a_price_somewhere() -> None:
    for name in CANDIDATE_TYPES:
        assert gpus_of(name) is not None
        assert price_catalogue().priced_regions(name)


@given(
    workloads, encoders, st.sampled_from(["ml.g5.12xlarge", "ml.g6.48xlarge", "ml.p4d.24xlarge"])
)
def test_several_gpus_never_do_more_than_so_many_times_one(
    work: Workload, encoder: Encoder, name: str
) -> None:
    several = gpus(name)

    one = work_of(work, encoder, Gpus(several.gpu))
    together = work_of(work, encoder, several)

    assert together >= one / several.count - 1e-6


def test_large_batches_are_shared_well_and_small_ones_wait_for_the_gradients() -> None:
    four = gpus("ml.g5.12xlarge")
    small, large = (Workload(**{**REVIEWS.__dict__, "batch_tokens": n}) for n in (2048, 131_072))

    assert not expected_time(large, BERT_BASE, four).exchange
    assert expected_time(small, BERT_BASE, four).exchange
    # Gradients of 438 MB, six quarters of which each GPU passes on over 10 GB/s.
    assert four.exchange_seconds(BERT_BASE) == pytest.approx(0.065, rel=0.05)
    one = work_of(large, BERT_BASE, gpus("ml.g5.xlarge"))
    together = work_of(large, BERT_BASE, four)
    assert one / together == pytest.approx(4 * 0.69)


def test_nvlink_shares_better_than_pcie_and_instances_worse_than_one() -> None:
    assert gpus("ml.p4d.24xlarge").share > gpus("ml.g5.48xlarge").share
    assert gpus("ml.p4d.24xlarge", 2).share < gpus("ml.p4d.24xlarge").share
    assert gpus("ml.g5.xlarge").share == 1.0
    # 2.5 Gbit/s all the time between two ml.g5.xlarge.
    assert gpus("ml.g5.xlarge", 2).exchange_gbytes == pytest.approx(0.3125)


def test_two_small_instances_are_not_promised_to_be_faster() -> None:
    work = Workload(**{**REVIEWS.__dict__, "batch_tokens": 4096})

    two, one = gpus("ml.g5.xlarge", 2), gpus("ml.g5.xlarge")

    assert work_of(work, BERT_BASE, two) > work_of(work, BERT_BASE, one)


def test_instances_on_an_unknown_network_are_not_estimated() -> None:
    two = PricedInstances(**{**instances("ml.p3.8xlarge").__dict__, "instance_count": 2})

    expected = estimate(two, Job(REVIEWS, BERT_BASE, "m"), max_runtime_seconds=7200)

    assert "the network of ml.p3.8xlarge is not known" in expected.reason
    assert network_gbit_of("nonsense") is None


def test_a_model_too_large_for_one_gpu_is_spread_over_several() -> None:
    large = Encoder(48, 2048, 8192, 50_000)

    assert not fits_memory(large, gpus("ml.g5.xlarge"))
    assert fits_memory(large, gpus("ml.g5.12xlarge"))


def test_base_models_fit_every_candidate() -> None:
    for name in CANDIDATE_TYPES:
        assert fits_memory(BERT_BASE, gpus(name))


def test_a_head_that_is_fitted_first_costs_one_reading_of_the_records() -> None:
    gpu = gpus("ml.g5.xlarge")
    tuned, frozen = REVIEWS, replace(REVIEWS, is_frozen=True)

    first = work_of(replace(REVIEWS, is_read_first=True), BERT_BASE, gpu)

    assert first == pytest.approx(work_of(tuned, BERT_BASE, gpu) + work_of(frozen, BERT_BASE, gpu))
