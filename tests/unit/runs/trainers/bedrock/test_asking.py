"""What a poll asks fits the minute, and every answer is kept once and in order."""

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runs.trainers.memory_bucket import MemoryBucket
from thriftline.runs.trainers.bedrock.answer_parts import Answer, AnswerParts
from thriftline.runs.trainers.bedrock.asking import Request, ask_requests, next_requests
from thriftline.runs.trainers.bedrock.conversation import NoReply, Reply, Trouble
from thriftline.runs.trainers.bedrock.layout import AttemptLayout

POOLS = {"tuned": "custom", "champion": "custom", "zero_shot": "base"}
positions = st.fixed_dictionaries(dict.fromkeys(POOLS, st.integers(0, 30)))


@given(positions, st.integers(1, 30), st.integers(1, 12))
def test_a_minute_asks_each_pool_no_more_than_its_quota(
    reached: dict[str, int], questions: int, per_minute: int
) -> None:
    chosen = next_requests(reached, POOLS, questions, per_minute)

    for pool in set(POOLS.values()):
        assert sum(POOLS[one.target] == pool for one in chosen) <= per_minute
    assert len(set(chosen)) == len(chosen)
    for target, first in reached.items():
        places = [one.place for one in chosen if one.target == target]
        # They follow on what was answered, without a gap.
        assert places == list(range(first, first + len(places)))
        assert all(place < questions for place in places)


@given(positions, st.integers(1, 30), st.integers(1, 12))
def test_something_is_asked_as_long_as_something_is_open(
    reached: dict[str, int], questions: int, per_minute: int
) -> None:
    is_open = any(first < questions for first in reached.values())

    assert bool(next_requests(reached, POOLS, questions, per_minute)) is is_open


@given(st.sets(st.integers(0, 199), max_size=20), st.integers(1, 200))
def test_what_is_kept_has_no_gap_and_what_is_not_is_paid_for(
    throttled: set[int], count: int
) -> None:
    requests = [Request("tuned", place) for place in range(count)]

    def ask(request: Request) -> Reply | NoReply:
        if request.place in throttled:
            return NoReply(Trouble.BUSY, "throttled")
        return Reply("positive", "end_turn", 3, 1)

    asked = ask_requests(requests, ask, lambda: True)

    kept = [one.place for one in asked.answers.get("tuned", ())]
    assert kept == list(range(len(kept)))
    first = min((place for place in throttled if place < count), default=count)
    assert len(kept) == first
    unkept_input, unkept_output = asked.unkept.get("tuned", (0, 0))
    assert unkept_input == 3 * unkept_output


def test_a_question_on_which_the_model_fails_is_tried_three_times_and_then_counted() -> None:
    tries: list[int] = []

    def ask(request: Request) -> Reply | NoReply:
        tries.append(request.place)
        if request.place == 1:
            return NoReply(Trouble.FAULT, "the model failed")
        return Reply("positive", "end_turn", 3, 1)

    asked = ask_requests([Request("tuned", place) for place in range(3)], ask, lambda: True)

    assert tries == [0, 1, 1, 1, 2]
    assert [one.text for one in asked.answers["tuned"]] == ["positive", "", "positive"]
    assert asked.answers["tuned"][1].stop_reason == "error: the model failed"


def test_a_poll_whose_time_is_up_asks_no_more() -> None:
    left = iter([True, True, False])
    requests = [Request("tuned", place) for place in range(10)]

    asked = ask_requests(requests, lambda _: Reply("a", "end_turn", 1, 1), lambda: next(left))

    assert asked.requests == len(asked.answers["tuned"]) == 2


def answers(first: int, after: int) -> list[Answer]:
    return [Answer(place, f"word {place}", "end_turn", 1, 1) for place in range(first, after)]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.data())
def test_parts_that_two_polls_wrote_are_read_once(sizes: list[int], data: st.DataObject) -> None:
    parts = AnswerParts(MemoryBucket(), AttemptLayout("run", "run-01"))
    reached = 0
    for size in sizes:
        # A poll that was repeated begins where the one before it began.
        first = data.draw(st.integers(max(0, reached - 3), reached))
        parts.write("tuned", answers(first, first + size))
        reached = max(reached, first + size)

    assert parts.positions(["tuned", "zero_shot"]) == {"tuned": reached, "zero_shot": 0}
    assert [one.place for one in parts.read("tuned")] == list(range(reached))


def test_answers_behind_a_gap_are_not_read() -> None:
    parts = AnswerParts(MemoryBucket(), AttemptLayout("run", "run-01"))
    parts.write("tuned", answers(0, 3))
    parts.write("tuned", answers(5, 8))

    assert parts.positions(["tuned"]) == {"tuned": 3}
    assert [one.place for one in parts.read("tuned")] == [0, 1, 2]
