from pathlib import Path

import numpy as np
import pytest

from benchmarks.experiment_power import least_rows, shadow_rows, split_rows
from benchmarks.experiment_simulation import Setting, Simulation, draws
from thriftline.serving.domain import power
from thriftline.serving.domain.power import Errors

ERRORS = Errors(alpha=0.05, power=0.8)


def test_the_usual_tests_need_what_the_books_say() -> None:
    # (1.960 + 0.842)²·(0.09 + 0.0819)/0.01² = 13,492 in each arm; 4,707 pairs by Connor.
    assert power.fixed_two_arms(0.1, 0.09, ERRORS) == pytest.approx(26_984, abs=3)
    assert power.fixed_mcnemar(0.06, 0.01, ERRORS) == 4_707


@pytest.mark.parametrize(
    ("champion", "challenger", "weight"), [(0.1, 0.05, 0.5), (0.01, 0.1, 0.1), (0.1, 0.25, 0.2)]
)
def test_so_many_requests_are_enough_as_often_as_stated(
    champion: float, challenger: float, weight: float
) -> None:
    requests = power.split_requests(champion, challenger, weight, ERRORS)
    assert requests is not None
    count, setting = 1_000, Setting(champion, challenger, weight)
    rng = np.random.default_rng(5)
    made = Simulation(count)
    for request in range(requests):
        made.step(*draws(rng, setting, request, requests, count))
    worse, better, _ = made.peaks
    claimed = worse if challenger > champion else better

    assert 0.77 < (claimed >= ERRORS.threshold).mean() < 0.95


def test_a_smaller_difference_needs_more() -> None:
    needed = [power.split_requests(0.1, 0.1 + d, 0.1, ERRORS) or 0 for d in (0.2, 0.1, 0.05, 0.02)]

    assert needed == sorted(needed)
    assert power.split_requests(0.1, 0.1, 0.1, ERRORS) is None


def test_the_least_difference_is_found_again() -> None:
    least = power.split_least_difference(0.1, 0.5, 5_000, ERRORS)
    assert least is not None
    assert power.split_requests(0.1, 0.1 + least, 0.5, ERRORS) == pytest.approx(5_000, rel=0.01)
    assert power.split_least_difference(0.001, 0.1, 50, ERRORS, worse=False) is None
    assert power.split_least_difference(0.1, 0.5, 3, ERRORS) is None


def test_shadow_needs_fewer_labels_than_a_split() -> None:
    pairs = power.shadow_pairs(0.06, 0.01, ERRORS)
    split = power.split_requests(0.1, 0.09, 0.5, ERRORS)
    assert pairs is not None
    assert split is not None
    assert 0.06 * pairs < split / 50


def test_the_least_difference_of_a_shadow_shrinks_with_labels() -> None:
    found = [power.shadow_least_difference(0.06, labels, ERRORS) for labels in (50, 200, 2_000)]

    assert all(one is not None for one in found)
    assert found == sorted(found, key=lambda one: -(one or 0))
    assert power.shadow_least_difference(0.06, 3, ERRORS) is None


def test_the_tables_of_the_page_are_what_is_shipped() -> None:
    page = (Path(__file__).parents[3] / "docs/benchmarks.md").read_text()
    rows = [*split_rows(), *least_rows(), *shadow_rows()]

    assert [row for row in rows if row not in page] == []
