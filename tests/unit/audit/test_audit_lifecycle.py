"""Lifecycle rules: ours beside those that are there, in what S3 takes together."""

import json

from hypothesis import given
from hypothesis import strategies as st

from thriftline.audit.domain.lifecycle import (
    abort_rule,
    expiration_rule,
    merge_rules,
    merged,
    transition_rule,
)

OLD = {"ID": "logs", "Prefix": "logs/", "Status": "Enabled", "Expiration": {"Days": 90}}
NEW = {"ID": "x", "Filter": {"Prefix": "x/"}, "Status": "Enabled", "Expiration": {"Days": 9}}


def test_an_old_prefix_becomes_the_filter_that_says_the_same_beside_a_rule_of_ours() -> None:
    rules = merge_rules([OLD, NEW], [abort_rule(7)])
    renewed = {
        "ID": "logs",
        "Filter": {"Prefix": "logs/"},
        "Status": "Enabled",
        "Expiration": {"Days": 90},
    }
    assert json.dumps(rules[:2]) == json.dumps([renewed, NEW])
    assert merged([json.dumps(OLD)], [abort_rule(7)]) == [renewed, abort_rule(7)]


def test_where_nothing_of_ours_is_added_every_rule_stays_as_it_is() -> None:
    assert merge_rules([OLD, NEW], []) == [OLD, NEW]


@given(st.lists(st.text("ab/é", max_size=400), min_size=2, max_size=2, unique=True))
def test_no_two_prefixes_share_the_id_of_a_rule(prefixes: list[str]) -> None:
    for of in (expiration_rule, lambda prefix: transition_rule(prefix, "STANDARD_IA", 30)):
        ids = {of(prefix)["ID"] for prefix in prefixes}
        assert len(ids) == 2
        assert all(len(one) <= 255 for one in ids)


def test_prefixes_with_one_end_or_other_slashes_have_ids_of_their_own() -> None:
    end = "x" * 200
    prefixes = [f"a/{end}/", f"b/{end}/", "c", "c/", "/c/"]
    rules = merge_rules([], [expiration_rule(prefix) for prefix in prefixes])
    assert len({rule["ID"] for rule in rules}) == len(prefixes)
