"""Text of strangers, wherever people read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.core.reports.pages import name
from thriftline.core.text import has_hidden, plain, plain_lines


@given(st.text(), st.integers(1, 50))
def test_any_text_becomes_one_line_that_hides_nothing_and_ends(text: str, limit: int) -> None:
    shown = plain(text, limit)
    assert not has_hidden(shown)
    assert len(shown) <= limit
    assert "\n" not in shown


@given(st.text(), st.integers(1, 200))
def test_any_text_keeps_its_lines_and_nothing_else(text: str, limit: int) -> None:
    shown = plain_lines(text, limit)
    assert not has_hidden(shown.replace("\n", ""))
    assert len(shown) <= limit


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("billing", "billing"),
        ("a\r\nBcc: x", "a Bcc: x"),
        ("a\u2028b", "a\\u2028b"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("invoice\u202efdp.exe", "invoice\\u202efdp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("caf\u00e9 \u6c49 \U0001f600", "caf\u00e9 \u6c49 \U0001f600"),
    ],
)
def test_what_does_not_print_is_shown_by_its_number(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_long_label_is_cut_where_it_stands_in_a_column() -> None:
    assert len(name("x" * 256)) == 80
