"""Who may sign in to the hosted page: invited, listed and removed by whoever runs the stack."""

import argparse
import re
from typing import Any

from botocore.exceptions import ClientError

from thriftline_cli.exits import CommandError, Exit

OPERATORS = "operators"
# The first password of the mail was not used.
_NOT_YET = "FORCE_CHANGE_PASSWORD"
# What records can name: the API takes no slash in it.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'+=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def address(text: str) -> str:
    """Reads a mail address."""
    if not _ADDRESS.fullmatch(text) or len(text) > 128:
        raise argparse.ArgumentTypeError(f"{text!r} is no mail address such as ann@example.com")
    return text.lower()


def invite(who: str, pool: str, cognito: Any) -> tuple[bool, bool]:
    """Makes an account, or sends the first password of one that was never signed in to again.

    Returns:
        Whether the account is new, and whether AWS mails a first password.
    """
    attributes = [
        {"Name": "email", "Value": who},
        {"Name": "email_verified", "Value": "true"},
    ]
    try:
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=who,
            UserAttributes=attributes,
            DesiredDeliveryMediums=["EMAIL"],
        )
    except cognito.exceptions.UsernameExistsException:
        return False, _invited_again(who, pool, cognito)
    return True, True


def _invited_again(who: str, pool: str, cognito: Any) -> bool:
    """Sends another first password to somebody who has no own one yet; theirs may have ended."""
    if cognito.admin_get_user(UserPoolId=pool, Username=who)["UserStatus"] != _NOT_YET:
        return False
    cognito.admin_create_user(
        UserPoolId=pool, Username=who, MessageAction="RESEND", DesiredDeliveryMediums=["EMAIL"]
    )
    return True


def let_act(who: str, pool: str, cognito: Any, *, may_act: bool) -> None:
    """Puts a person into the group of those who may act, or takes the person out of it.

    Tokens name the group until they end, so who is taken out is signed out too.
    """
    if may_act:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=who, GroupName=OPERATORS)
        return
    cognito.admin_remove_user_from_group(UserPoolId=pool, Username=who, GroupName=OPERATORS)
    cognito.admin_user_global_sign_out(UserPoolId=pool, Username=who)


def remove(who: str, pool: str, cognito: Any) -> None:
    """Ends a person's sign-ins and deletes the account.

    Raises:
        CommandError: there is no such person.
    """
    try:
        cognito.admin_user_global_sign_out(UserPoolId=pool, Username=who)
        cognito.admin_delete_user(UserPoolId=pool, Username=who)
    except ClientError as error:
        if error.response["Error"]["Code"] != "UserNotFoundException":
            raise
        raise CommandError(f"nobody of the page has the address {who}", Exit.NOT_FOUND) from error


def people(pool: str, cognito: Any) -> list[dict[str, Any]]:
    """Returns everybody, by address: since when, and whether the person may act."""
    acting = {
        one["Username"]
        for page in cognito.get_paginator("list_users_in_group").paginate(
            UserPoolId=pool, GroupName=OPERATORS
        )
        for one in page["Users"]
    }
    found = [
        {
            "address": _address_of(one),
            "may": "operate" if one["Username"] in acting else "read",
            "has_signed_in": one.get("UserStatus") == "CONFIRMED",
            "invited": one["UserCreateDate"].isoformat(timespec="seconds"),
        }
        for page in cognito.get_paginator("list_users").paginate(UserPoolId=pool)
        for one in page["Users"]
    ]
    return sorted(found, key=lambda one: one["address"])


def _address_of(user: Any) -> str:
    attributes = {one["Name"]: one.get("Value", "") for one in user.get("Attributes", ())}
    return str(attributes.get("email") or user["Username"])
