"""The hosted page in template.yaml: off by default, private, and allowed what its people are."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from thriftline_cli.ui.answers import CSP, SAFE_HEADERS

ROOT = Path(__file__).parents[2]
COGNITO = (
    "https://cognito-identity.${AWS::Region}.amazonaws.com "
    "https://${Prefix}.auth.${AWS::Region}.amazoncognito.com"
)


def of_the_page(template: dict[str, Any]) -> dict[str, Any]:
    return {
        name: one
        for name, one in template["Resources"].items()
        if name.startswith("Page") or "Cognito" in one["Type"] or "CloudFront" in one["Type"]
    }


def named(value: Any) -> Iterator[str]:
    """Yields the resources that a part of the template names, but for those behind HostsPage."""
    tag, inner = getattr(value, "tag", ""), getattr(value, "value", value)
    if tag in ("!If", "If") and inner[0] == "HostsPage":
        return
    if isinstance(inner, dict):
        for one in inner.values():
            yield from named(one)
    elif isinstance(inner, list):
        for one in inner:
            yield from named(one)
    elif isinstance(inner, str):
        yield from re.findall(r"\bPage[A-Z]\w+", inner) if tag else ()


def test_without_the_parameter_there_is_nothing_of_it(template: dict[str, Any]) -> None:
    assert template["Parameters"]["HostedPage"]["Default"] == "off"
    page = of_the_page(template)
    assert {one.get("Condition") for one in page.values()} == {"HostsPage"}
    for name, one in template["Resources"].items():
        assert name in page or set(named(one)) & set(page) == set(), name
    outputs = {name: one for name, one in template["Outputs"].items() if name.startswith("Page")}
    assert outputs
    assert {one.get("Condition") for one in outputs.values()} == {"HostsPage"}


def test_a_name_of_the_page_outside_of_its_condition_would_be_found(
    template: dict[str, Any],
) -> None:
    assert "PageUserPool" in set(named(template["Resources"]["PageClient"]))


def plain(value: Any) -> Any:
    """Returns a part of the template with its functions as texts, fit to be compared."""
    inner = getattr(value, "value", value)
    if isinstance(inner, dict):
        inner = {name: plain(one) for name, one in inner.items()}
    elif isinstance(inner, list):
        inner = [plain(one) for one in inner]
    return (value.tag, inner) if hasattr(value, "tag") else inner


def headers_of(template: dict[str, Any]) -> dict[str, Any]:
    properties = template["Resources"]["PageHeaders"]["Properties"]
    found: dict[str, Any] = properties["ResponseHeadersPolicyConfig"]
    return found


def test_the_policy_for_content_is_that_of_thriftline_ui_and_cognito(
    template: dict[str, Any],
) -> None:
    policy = headers_of(template)["SecurityHeadersConfig"]["ContentSecurityPolicy"]
    text, given = policy["ContentSecurityPolicy"].value
    assert text == CSP.replace("connect-src 'self'", f"connect-src 'self' {COGNITO}")
    domain = template["Resources"]["PageLogin"]["Properties"]["Domain"]
    assert plain(given["Prefix"]) == plain(domain), "another login than people are sent to"


def test_the_file_itself_has_the_same_policy_where_no_header_comes() -> None:
    index = (ROOT / "web/index.html").read_text()
    (found,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', index)
    # A browser takes frame-ancestors from the header alone.
    assert f"{found}; frame-ancestors 'none'" == CSP


def test_the_other_headers_are_those_of_thriftline_ui(template: dict[str, Any]) -> None:
    config = headers_of(template)
    security = config["SecurityHeadersConfig"]
    (own,) = config["CustomHeadersConfig"]["Items"]
    found = {
        "X-Content-Type-Options": "nosniff" if security["ContentTypeOptions"] else "",
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        own["Header"]: own["Value"],
    }
    # What CloudFront keeps is what everybody may read; the API's answers say no-store themselves.
    assert found == {name: one for name, one in SAFE_HEADERS.items() if name != "Cache-Control"}
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000


def test_the_path_that_is_signed_is_the_one_that_the_api_sees(template: dict[str, Any]) -> None:
    config = template["Resources"]["PageDistribution"]["Properties"]["DistributionConfig"]
    (api,) = [one for one in config["Origins"] if one["Id"] == "api"]
    (behaviour,) = config["CacheBehaviors"]
    stage = template["Resources"]["Api"]["Properties"]["StageName"]
    assert behaviour["PathPattern"] == f"/{stage}/*"
    assert "OriginPath" not in api
    assert behaviour["TargetOriginId"] == "api"
    # AWS's CachingDisabled and AllViewerExceptHostHeader.
    assert behaviour["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert behaviour["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    assert behaviour["ViewerProtocolPolicy"] == "https-only"
    assert api["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert "Cors" not in template["Resources"]["Api"]["Properties"]


def test_an_error_is_never_answered_again_from_a_cache(template: dict[str, Any]) -> None:
    """These are the codes that CloudFront keeps; 10 seconds where nothing else is said."""
    config = template["Resources"]["PageDistribution"]["Properties"]["DistributionConfig"]
    found = config["CustomErrorResponses"]
    assert {one["ErrorCode"] for one in found} == {
        400, 403, 404, 405, 414, 500, 501, 502, 503, 504,
    }  # fmt: skip
    # With a page in its place, a problem of the API would be none.
    assert all(set(one) == {"ErrorCode", "ErrorCachingMinTTL"} for one in found)
    assert {one["ErrorCachingMinTTL"] for one in found} == {0}


def test_the_names_of_the_account_fit_whatever_the_stack_is_called(
    template: dict[str, Any],
) -> None:
    access = template["Resources"]["PageOriginAccess"]["Properties"]["OriginAccessControlConfig"]
    for name in (access["Name"], headers_of(template)["Name"]):
        text, given = name.value
        assert set(given) == {"Id"}
        longest = text.replace("${Id}", "0" * 8).replace("${AWS::Region}", "ap-southeast-1")
        assert "$" not in longest
        assert len(longest) <= 64


def test_the_pool_has_the_login_page_that_people_are_sent_to(template: dict[str, Any]) -> None:
    assert template["Resources"]["PageLogin"]["Properties"]["ManagedLoginVersion"] == 2
    assert template["Resources"]["PageUserPool"]["Properties"]["UserPoolTier"] == "ESSENTIALS"
    # Nobody would be asked to enrol where it is optional, and the page's scopes cannot.
    assert template["Parameters"]["HostedPageMfa"]["AllowedValues"] == ["OFF", "ON"]


def test_the_bucket_is_private_and_read_by_this_distribution_alone(
    template: dict[str, Any],
) -> None:
    bucket = template["Resources"]["PageBucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    policy = template["Resources"]["PageBucketPolicy"]["Properties"]["PolicyDocument"]
    denied, allowed = policy["Statement"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert allowed["Action"] == "s3:GetObject"
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    source = allowed["Condition"]["StringEquals"]["AWS:SourceArn"]
    assert source.value.endswith(":distribution/${PageDistribution}")


def test_people_are_those_of_the_pool_alone(template: dict[str, Any]) -> None:
    # AdminGetUser by ``sub`` finds no others, so who came by another provider could not act.
    resources = template["Resources"].values()
    assert not [one for one in resources if one["Type"] == "AWS::Cognito::UserPoolIdentityProvider"]
    client = template["Resources"]["PageClient"]["Properties"]
    assert client["SupportedIdentityProviders"] == ["COGNITO"]
    said = (ROOT / "docs/page.md").read_text()
    assert "Sign-in through another provider (SAML, OIDC) is not\n  supported" in said


def test_nobody_signs_up_and_the_page_keeps_no_secret(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    pool = resources["PageUserPool"]["Properties"]
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    client = resources["PageClient"]["Properties"]
    assert client["GenerateSecret"] is False
    assert client["AllowedOAuthFlows"] == ["code"]
    # With a flow of the API, or its scope, people could change the address that records name.
    assert client["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert client["AllowedOAuthScopes"] == ["openid", "email"]
    identities = resources["PageIdentityPool"]["Properties"]
    assert identities["AllowUnauthenticatedIdentities"] is False
    # In the classic flow a caller chooses the name of the session.
    assert identities["AllowClassicFlow"] is False


@pytest.mark.parametrize(
    ("role", "policy"), [("PageReadRole", "ApiReadPolicy"), ("PageOperateRole", "ApiOperatePolicy")]
)
def test_a_role_may_what_its_policy_says_and_no_more(
    template: dict[str, Any], role: str, policy: str
) -> None:
    properties = template["Resources"][role]["Properties"]
    assert [one.value for one in properties["ManagedPolicyArns"]] == [policy]
    assert "Policies" not in properties
    (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Federated": "cognito-identity.amazonaws.com"}
    pool = trust["Condition"]["StringEquals"]["cognito-identity.amazonaws.com:aud"]
    assert pool.value == "PageIdentityPool"
    assert trust["Condition"]["ForAnyValue:StringLike"] == {
        "cognito-identity.amazonaws.com:amr": "authenticated"
    }


def test_who_is_in_no_group_may_look_and_operators_may_act(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    attached = resources["PageRoles"]["Properties"]
    assert {name: one.value for name, one in attached["Roles"].items()} == {
        "authenticated": "PageReadRole.Arn"
    }
    (mapping,) = attached["RoleMappings"].values()
    assert (mapping["Type"], mapping["AmbiguousRoleResolution"]) == ("Token", "AuthenticatedRole")
    group = resources["PageOperators"]["Properties"]
    assert (group["GroupName"], group["RoleArn"].value) == ("operators", "PageOperateRole.Arn")
