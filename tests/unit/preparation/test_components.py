from hypothesis import given
from hypothesis import strategies as st

from benchmarks.preparation_corpus import components
from preparation.thriftline_preparation.components import united

pairs = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), max_size=30)


@given(pairs)
def test_each_member_gets_the_smallest_of_what_it_is_connected_with(
    given_pairs: list[tuple[int, int]],
) -> None:
    assert united(given_pairs) == components(given_pairs)


@given(pairs, st.randoms())
def test_the_order_of_pairs_and_of_their_ends_does_not_matter(
    given_pairs: list[tuple[int, int]], chance: object
) -> None:
    turned = [(other, one) for one, other in reversed(given_pairs)]
    chance.shuffle(turned)  # type: ignore[attr-defined]
    assert united(turned) == united(given_pairs)


def test_a_chain_of_200_000_is_one_component() -> None:
    chain = [(number, number + 1) for number in range(200_000)]
    assert set(united(chain).values()) == {0}
    assert set(united(reversed(chain)).values()) == {0}
