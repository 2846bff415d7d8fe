from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from preparation.thriftline_preparation.ranks import MOST_CELLS, cell_bits, sizes, wanted

shares = st.sampled_from([0.0, 0.05, 0.1, 0.2, 0.33])


@given(st.lists(st.integers(0, 999), min_size=1, unique=True), st.integers(0, 300))
def test_a_rank_lies_in_the_cell_of_the_key_of_that_rank(keys: list[int], rank: int) -> None:
    cells = sorted(Counter(key // 100 for key in keys).items())
    found = wanted("a", cells, [rank])
    if rank >= len(keys):
        assert found == []
    else:
        (place,) = found
        inside = sorted(key for key in keys if key // 100 == place.cell)
        assert inside[place.rank] == sorted(keys)[rank]


def test_several_ranks_are_found_by_their_numbers() -> None:
    found = wanted("a", [(-3, 2), (0, 1), (7, 5)], [0, 2, 7, 8])
    assert [(one.name, one.cell, one.rank) for one in found] == [(0, -3, 0), (1, 0, 0), (2, 7, 4)]


@given(st.integers(1, 10_000), shares, shares)
def test_a_label_keeps_rows_to_train_on_and_gets_its_shares(
    clusters: int, validation: float, test: float
) -> None:
    tested, validated = sizes(clusters, validation, test)
    assert tested >= 0
    assert validated >= 0
    assert tested + validated < clusters
    if clusters >= 30:
        assert abs(tested - clusters * test) <= 1
        assert abs(validated - clusters * validation) <= 1
    if clusters >= 3:
        assert (tested > 0) == (test > 0)
        assert (validated > 0) == (validation > 0)


@given(st.integers(0, 10_000_000))
def test_cells_of_all_labels_stay_few(labels: int) -> None:
    assert 0 <= cell_bits(labels) <= 10
    if labels <= MOST_CELLS:
        assert labels * 2 ** cell_bits(labels) <= MOST_CELLS
