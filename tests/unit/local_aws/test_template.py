from pathlib import Path
from typing import Any

import pytest
import yaml

from local_aws.deployment.state_machine_resource import SubstitutionError, substitute
from local_aws.deployment.template import Template, TemplateError, read_template

FUNCTION: dict[str, Any] = {
    "Type": "AWS::Serverless::Function",
    "Properties": {"Handler": "a.b", "Runtime": "python3.13", "CodeUri": "code/"},
}


def read(folder: Path, template: Any, **parameters: str) -> Template:
    path = folder / "template.yaml"
    text = template if isinstance(template, str) else yaml.safe_dump(template)
    path.write_text(text, encoding="utf-8")
    return read_template(
        path,
        stack_name="stack",
        account="123456789012",
        region="us-east-1",
        parameters=parameters,
    )


def sam(resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources, **more}


def test_a_function_runs_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()

    template = read(tmp_path, sam({"Fn": FUNCTION}))

    assert template.code == {"Fn": tmp_path / "code"}
    kinds = {resource["Type"] for resource in template.body["Resources"].values()}
    assert kinds == {"AWS::Lambda::Function", "AWS::IAM::Role"}


def test_a_template_is_translated_anew_where_it_or_a_definition_has_changed(
    tmp_path: Path,
) -> None:
    definition = tmp_path / "m.asl.yaml"
    machine = {
        "Type": "AWS::Serverless::StateMachine",
        "Properties": {"DefinitionUri": "m.asl.yaml"},
    }
    said = []
    for state, role in (("A", "one"), ("B", "one"), ("B", "other"), ("A", "one")):
        definition.write_text(f"StartAt: {state}\nStates: {{{state}: {{Type: Succeed}}}}\n")
        machine["Properties"] = {
            "DefinitionUri": "m.asl.yaml",
            "Role": f"arn:aws:iam::1:role/{role}",
        }
        said.append(read(tmp_path, sam({"M": machine})).body)

    properties = [body["Resources"]["M"]["Properties"] for body in said]
    assert ['"A"' in str(each["DefinitionString"]) for each in properties] == [
        True,
        False,
        False,
        True,
    ]
    assert [each["RoleArn"].rsplit("/")[-1] for each in properties] == [
        "one",
        "one",
        "other",
        "one",
    ]
    # The first and the last are equal, and what is done to one is not done to the other.
    assert said[0] == said[3]
    said[0]["Resources"].clear()
    assert said[3]["Resources"]
    assert read(tmp_path, sam({"M": machine})).body == said[3]


def test_a_definition_is_read_from_its_file_with_its_comments_gone(tmp_path: Path) -> None:
    (tmp_path / "m.asl.yaml").write_text("# why\nStartAt: A\nStates: {A: {Type: Succeed}}\n")
    machine = {
        "Type": "AWS::Serverless::StateMachine",
        "Properties": {"DefinitionUri": "m.asl.yaml", "Role": "arn:aws:iam::1:role/r"},
    }

    template = read(tmp_path, sam({"M": machine}))

    properties = template.body["Resources"]["M"]["Properties"]
    assert '"StartAt": "A"' in str(properties["DefinitionString"])


def test_the_parameters_have_their_defaults_and_can_be_given(tmp_path: Path) -> None:
    declared = {"A": {"Type": "String", "Default": "x"}, "B": {"Type": "Number", "Default": 3}}
    template = sam({"T": {"Type": "AWS::SNS::Topic"}}, Parameters=declared)

    assert read(tmp_path, template).parameters == {"A": "x", "B": "3"}
    assert read(tmp_path, template, A="y").parameters == {"A": "y", "B": "3"}


def test_each_value_of_a_list_is_held_against_the_pattern(tmp_path: Path) -> None:
    declared = {"A": {"Type": "CommaDelimitedList", "AllowedPattern": "^$|^[a-z]+$", "Default": ""}}
    template = sam({"T": {"Type": "AWS::SNS::Topic"}}, Parameters=declared)

    assert read(tmp_path, template, A="ab, c").parameters == {"A": "ab, c"}
    assert read(tmp_path, template).parameters == {"A": ""}


@pytest.mark.parametrize(
    ("declared", "given", "message"),
    [
        ({"A": {"Type": "String"}}, {}, "A has no default"),
        ({"A": {"Type": "String", "Default": ""}}, {"B": "1"}, "unknown parameters B"),
        ({"A": {"Type": "String", "AllowedValues": ["x"]}}, {"A": "y"}, "allowed are"),
        ({"A": {"Type": "String", "AllowedPattern": "^[a-z]+$"}}, {"A": "1"}, "does not match"),
        (
            {"A": {"Type": "CommaDelimitedList", "AllowedPattern": "^[a-z]+$"}},
            {"A": "ab, c,1"},
            "A is '1', which .* does not match",
        ),
        ({"A": {"Type": "Number"}}, {"A": "many"}, "not a number"),
        ({"A": {"Type": "Number", "MinValue": 1, "MaxValue": 9}}, {"A": "10"}, "within 1 and 9"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(
    tmp_path: Path, declared: dict[str, Any], given: dict[str, str], message: str
) -> None:
    template = sam({"T": {"Type": "AWS::SNS::Topic"}}, Parameters=declared)

    with pytest.raises(TemplateError, match=message):
        read(tmp_path, template, **given)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("Resources: [", "template.yaml"),
        ("Description: none", "no Resources"),
        (sam({"Fn": FUNCTION}), "CodeUri code/ is no folder"),
        (
            sam(
                {
                    "M": {
                        "Type": "AWS::Serverless::StateMachine",
                        "Properties": {"DefinitionUri": "gone.yaml"},
                    }
                }
            ),
            "DefinitionUri gone.yaml",
        ),
        (sam({"F": {**FUNCTION, "Properties": {"Handler": "a.b"}}}), "local CodeUri"),
        ({"Transform": "AWS::Include", "Resources": {"a": {}}}, "AWS::Include"),
        (sam({"F": {"Type": "AWS::Serverless::Api", "Properties": {}}}), "SAM refuses it"),
    ],
)
def test_a_wrong_template_is_refused_with_the_reason(
    tmp_path: Path, template: Any, message: str
) -> None:
    with pytest.raises(TemplateError, match=message):
        read(tmp_path, template)


def test_a_template_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="No such file"):
        read_template(
            tmp_path / "gone.yaml", stack_name="s", account="1", region="r", parameters={}
        )


def test_substitutions_fill_the_definition_and_none_may_be_missing() -> None:
    assert substitute('{"R": "${Arn}", "J": "{% ${Arn} %}"}', {"Arn": "x"}) == (
        '{"R": "x", "J": "{% x %}"}'
    )
    with pytest.raises(SubstitutionError, match="Other"):
        substitute("${Arn} ${Other}", {"Arn": "x"})
