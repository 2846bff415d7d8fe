"""The lines of a container that are kept for the endpoints that it serves."""

from hypothesis import given
from hypothesis import strategies as st

from local_aws.serving.logs import EndpointLogs, Tail


@given(st.lists(st.integers(0, 30), max_size=20))
def test_who_reads_often_enough_misses_no_line(steps: list[int]) -> None:
    tail, seen, number, written = Tail(), list[str](), 0, 0
    for step in steps:
        for _ in range(step):
            tail.write(str(written))
            written += 1
        lines, number = tail.after(number)
        seen += lines
    assert seen == [str(each) for each in range(written)]


def test_who_comes_late_reads_the_start_and_the_end() -> None:
    tail = Tail()
    for number in range(1000):
        tail.write(str(number))
    lines, count = tail.after(0)
    assert lines == [str(each) for each in (*range(20), *range(800, 1000))]
    assert tail.after(count) == ([], 1000)


def test_each_endpoint_gets_each_line_once() -> None:
    told: list[tuple[str, list[str]]] = []
    logs = EndpointLogs(lambda group, _, lines: told.append((group, list(lines))))
    tail = Tail()
    tail.write("a")
    logs.copy("films", "main/i-1", tail)
    tail.write("b")
    for _ in range(2):
        logs.copy("films", "main/i-1", tail)
    logs.copy("books", "main/i-2", tail)
    films, books = "/aws/sagemaker/Endpoints/films", "/aws/sagemaker/Endpoints/books"
    assert told == [(films, ["a"]), (films, ["b"]), (books, ["a", "b"])]
