"""What policies say to a question."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.iam.policies import Policy, Question, decide

BUCKET = "arn:aws:s3:::films"


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "s3:GetObject", "Resource": f"{BUCKET}/*", **elements}


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> Policy:
    return Policy("own", {"Version": version, "Statement": list(statements)})


def decision(question: Question, *policies: Policy) -> str:
    return decide(policies, question).decision


def get(key: str = "a.csv", **context: str) -> Question:
    given_context = {name.replace("__", ":"): (value,) for name, value in context.items()}
    return Question("s3:GetObject", f"{BUCKET}/{key}", given_context)


def test_what_nobody_allows_is_denied_without_a_word() -> None:
    assert decision(get()) == "implicitDeny"
    assert decision(get(), policy(statement(Action="s3:PutObject"))) == "implicitDeny"


def test_a_denial_wins_wherever_it_stands() -> None:
    allowed, denied = statement(), statement("Deny", Resource=f"{BUCKET}/secret/*")
    for statements in ((allowed, denied), (denied, allowed)):
        assert decision(get("a"), policy(*statements)) == "allowed"
        assert decision(get("secret/a"), policy(*statements)) == "explicitDeny"
    assert decision(get("secret/a"), policy(allowed), policy(denied)) == "explicitDeny"


@pytest.mark.parametrize(
    ("pattern", "is_named"),
    [
        ("s3:GetObject", True),
        ("S3:getobject", True),
        ("s3:Get*", True),
        ("s3:GetObjec?", True),
        ("*", True),
        ("s3:Get", False),
        ("s3:GetObject?", False),
        ("s3:[G]etObject", False),
    ],
)
def test_actions_are_matched_in_any_case_with_wildcards(pattern: str, is_named: bool) -> None:
    found = decision(get(), policy(statement(Action=["x:Y", pattern])))
    assert found == ("allowed" if is_named else "implicitDeny")


def test_resources_are_matched_in_their_case() -> None:
    assert decision(get("A"), policy(statement(Resource=f"{BUCKET}/a"))) == "implicitDeny"
    assert decision(get("a/b/c"), policy(statement(Resource=f"{BUCKET}/a*c"))) == "allowed"


def test_not_action_and_not_resource_name_everything_else() -> None:
    other = policy({"Effect": "Allow", "NotAction": "iam:*", "NotResource": f"{BUCKET}/secret/*"})
    assert decision(get(), other) == "allowed"
    assert decision(get("secret/a"), other) == "implicitDeny"
    assert decision(Question("iam:GetRole", "*"), other) == "implicitDeny"


def test_one_statement_may_stand_without_a_list_and_a_document_may_be_text() -> None:
    text = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
    assert decision(get(), Policy("text", text)) == "allowed"


def test_variables_are_filled_in_as_they_stand_and_only_by_the_newer_version() -> None:
    own = statement(Resource=f"{BUCKET}/${{aws:username}}/*")
    assert decision(get("ann/a", aws__username="ann"), policy(own)) == "allowed"
    assert decision(get("bob/a", aws__username="ann"), policy(own)) == "implicitDeny"
    # A name with a star is no pattern.
    assert decision(get("bob/a", aws__username="*"), policy(own)) == "implicitDeny"
    assert decision(get("ann/a"), policy(own)) == "implicitDeny"
    assert (
        decision(get("ann/a", aws__username="ann"), policy(own, version="2008-10-17"))
        == "implicitDeny"
    )


def test_a_variable_may_have_a_default_and_a_character_stand_for_itself() -> None:
    shared = statement(Resource=f"{BUCKET}/${{aws:PrincipalTag/team, 'all'}}/${{*}}")
    assert decision(get("all/*"), policy(shared)) == "allowed"
    assert decision(get("all/a"), policy(shared)) == "implicitDeny"


def test_a_boundary_has_to_allow_it_too() -> None:
    everything = policy(statement(Action="*", Resource="*"))
    reads = policy(statement())
    verdict = decide([everything], get(), [reads])
    assert (verdict.decision, verdict.within_boundary) == ("allowed", True)
    verdict = decide([everything], Question("s3:PutObject", f"{BUCKET}/a"), [reads])
    assert (verdict.decision, verdict.within_boundary) == ("implicitDeny", False)
    verdict = decide([everything], get(), [policy(statement("Deny"))])
    assert (verdict.decision, verdict.within_boundary) == ("explicitDeny", False)
    # What a boundary allows and no policy does is not allowed.
    assert decide([], get(), [reads]).decision == "implicitDeny"


def test_it_names_the_policies_that_decided_and_the_keys_that_nobody_gave() -> None:
    conditional = policy(statement(Condition={"StringEquals": {"aws:SourceAccount": "1"}}))
    verdict = decide([conditional], get())
    assert verdict.decision == "implicitDeny"
    assert verdict.missing_context == {"aws:SourceAccount"}
    verdict = decide([conditional], get(aws__SourceAccount="1"))
    assert (verdict.matched, verdict.missing_context) == ((conditional,), frozenset())


@given(
    effects=st.lists(st.sampled_from(["Allow", "Deny"]), max_size=5),
    names=st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_any_order_of_statements_decides_alike(effects: list[str], names: list[bool]) -> None:
    statements = [
        statement(effect, Resource=f"{BUCKET}/*" if named else "arn:aws:s3:::other/*")
        for effect, named in zip(effects, names, strict=False)
    ]
    about = {effect for effect, named in zip(effects, names, strict=False) if named}
    wanted = "explicitDeny" if "Deny" in about else "allowed" if about else "implicitDeny"
    assert decision(get(), policy(*statements)) == wanted
    assert decision(get(), *(policy(each) for each in reversed(statements))) == wanted
