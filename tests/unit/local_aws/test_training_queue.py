from hypothesis import given
from hypothesis import strategies as st

from local_aws.training.queue import JobQueue


def test_the_first_train_and_the_others_know_how_many_must_end() -> None:
    queue = JobQueue(places=2)
    for job in "abcd":
        queue.join(job)

    assert [queue.ahead_of(job) for job in "abcd"] == [0, 0, 1, 2]
    queue.leave("a")
    assert [queue.ahead_of(job) for job in "bcd"] == [0, 0, 1]
    queue.leave("d")
    assert [queue.ahead_of(job) for job in "bc"] == [0, 0]


@given(places=st.integers(1, 5), moves=st.lists(st.booleans(), max_size=60))
def test_as_many_as_there_are_places_train_and_in_the_order_of_coming(
    places: int, moves: list[bool]
) -> None:
    queue, line = JobQueue(places), list[str]()
    for number, comes in enumerate(moves):
        if comes or not line:
            line.append(f"job-{number}")
            queue.join(line[-1])
        else:
            queue.leave(line.pop(number % len(line)))
        training = [job for job in line if queue.ahead_of(job) == 0]
        assert training == line[:places]
