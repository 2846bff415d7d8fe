"""The command line's reader of accepted findings reads what the functions' reader reads."""

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.audit.schemas import accepted_findings as functions
from thriftline_cli.findings import accepted_findings as command_line

FINDING = "ml.sagemaker.endpoint.idle|123456789012|us-west-2|demo"
ENTRY = f"- finding: {FINDING}\n  reason: shown\n  until: 2026-12-31\n"


def both(text: str) -> tuple[object, object]:
    """What each makes of a text: the entries, or that it refuses."""

    def read(module: object) -> object:
        try:
            entries = module.parse_accepted_findings(text.encode())  # type: ignore[attr-defined]
        except ValueError:
            return "refused"
        return [asdict(one) for one in entries]

    return read(command_line), read(functions)


@pytest.mark.parametrize(
    "text",
    [
        *("", "# nothing\n", "[]\n", "---\n", "a: 1\n", "- 1\n", "- []\n", "- {}\n", "text\n"),
        *(ENTRY, ENTRY * 2, ENTRY + "  accepted_by: jane\n  on: 2026-11-22\n"),
        *(ENTRY + "  accepted_by: null\n", ENTRY + "  extra: 1\n", ENTRY + "  accepted_by: 7\n"),
        *(ENTRY.replace("reason: shown", "reason: ''"), ENTRY.replace("shown", "' '")),
        *(ENTRY.replace("shown", "x" * 1001), ENTRY.replace("until: 2026-12-31", "until: soon")),
        *(ENTRY.replace("2026-12-31", "'2026-12-31'"), ENTRY.replace("2026-12-31", "2026-02-30")),
        *(ENTRY.replace("2026-12-31", "null"), ENTRY.replace("  reason: shown\n", "")),
        *(ENTRY.replace("|demo", ""), ENTRY.replace("demo", ""), ENTRY.replace("- find", "find")),
        *(ENTRY + "  reason: again\n", "- [\n", "\t- a\n", "- finding: &a x\n  reason: *a\n"),
    ],
)
def test_both_readers_say_the_same(text: str) -> None:
    mine, theirs = both(text)

    assert mine == theirs


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "finding": st.sampled_from([FINDING, "a|b|c|d", "a|b|c", "x"]),
                "reason": st.sampled_from(["shown", "''", "' '", "1", "null"]),
                "until": st.sampled_from(["2026-12-31", "2026-13-01", "never", "null"]),
                "on": st.sampled_from(["2026-12-31", "null", "x"]),
                "accepted_by": st.sampled_from(["jane", "null", "''"]),
                "else": st.just("1"),
            },
        ),
        max_size=3,
    )
)
def test_both_readers_say_the_same_of_any_entries(entries: list[dict[str, str]]) -> None:
    text = "".join(
        "- " + "\n  ".join(f"{key}: {value}" for key, value in each.items()) + "\n"
        for each in entries
        if each
    )
    mine, theirs = both(text)

    assert mine == theirs


def test_a_mistake_is_named_with_its_line_and_the_key_that_was_meant() -> None:
    with pytest.raises(command_line.AcceptedFindingsError) as caught:
        command_line.parse_accepted_findings((ENTRY + "  acepted_by: jane\n").encode())
    assert "line 4: unknown key acepted_by" in str(caught.value)
    assert "Did you mean accepted_by?" in str(caught.value)
