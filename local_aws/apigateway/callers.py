"""Who signed a request to an API, by moto's IAM: the secret to check with, and what it may do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from local_aws.iam.patterns import Context
from local_aws.iam.policies import (
    ALLOWED,
    EXPLICIT_DENY,
    IMPLICIT_DENY,
    Decision,
    Policy,
    Question,
    decide,
)
from local_aws.iam.principals import principal_of

# The keys that everybody gives to an embedded AWS: the account's own, which may do everything.
ROOT_KEYS: Mapping[str, str] = {"test": "test", "local": "local"}


class UnknownKeyError(LookupError):
    """No user, session or account has this access key, or the session's token is another."""


class ExpiredTokenError(Exception):
    """The session of these credentials has ended."""


@dataclass(frozen=True)
class Caller:
    """Who signs with an access key; `session` is a session's own policy, which allows no more."""

    account: str
    access_key: str
    secret: str
    user_arn: str
    user_id: str
    session: Policy | None = None
    is_root: bool = False

    def may_invoke(self, resource: str) -> Decision:
        """Judge execute-api:Invoke on the ARN of a method."""
        if self.is_root:
            return ALLOWED
        principal = principal_of(self.user_arn)
        if principal is None:
            # A session of a role that does not exist may do nothing.
            return IMPLICIT_DENY
        question = Question("execute-api:Invoke", resource, self._context())
        verdict = decide(principal.policies, question, principal.boundary)
        if self.session is None:
            return verdict.decision
        within = decide([self.session], question).decision
        return within if verdict.is_allowed or within == EXPLICIT_DENY else verdict.decision

    def _context(self) -> Context:
        # On AWS nothing comes in but by TLS; the laptop's own line stands for it.
        context = {
            "aws:PrincipalArn": (self._principal(),),
            "aws:PrincipalAccount": (self.account,),
            "aws:SecureTransport": ("true",),
            "aws:userid": (self.user_id,),
        }
        kind, _, name = self.user_arn.rpartition(":")[2].partition("/")
        return (
            {**context, "aws:username": (name.rpartition("/")[2],)} if kind == "user" else context
        )

    def _principal(self) -> str:
        if ":assumed-role/" not in self.user_arn:
            return self.user_arn
        role = self.user_arn.split("/")[1]
        return f"arn:aws:iam::{self.account}:role/{role}"


def find_caller(access_key: str, token: str | None, *, account: str, now: datetime) -> Caller:
    """Return who has an access key.

    Raises:
        UnknownKeyError: nobody has, or the session token is not that of the key.
        ExpiredTokenError: it was a session's, which has ended.
    """
    for caller in (*_users(access_key), *_sessions(access_key, token, now)):
        return caller
    if access_key in ROOT_KEYS and not token:
        return Caller(
            account=account,
            access_key=access_key,
            secret=ROOT_KEYS[access_key],
            user_arn=f"arn:aws:iam::{account}:root",
            user_id=account,
            is_root=True,
        )
    raise UnknownKeyError(access_key)


def _users(access_key: str) -> Iterator[Caller]:
    for account, partitions in list(iam_backends.items()):
        for user in list(partitions["aws"].users.values()):
            for key in list(user.access_keys):
                if key.access_key_id == access_key and key.status == "Active":
                    yield Caller(account, access_key, key.secret_access_key, user.arn, user.id)


def _sessions(access_key: str, token: str | None, now: datetime) -> Iterator[Caller]:
    for account, partitions in list(sts_backends.items()):
        for session in list(partitions["aws"].assumed_roles):
            if session.access_key_id != access_key:
                continue
            if session.session_token != token:
                raise UnknownKeyError(access_key)
            if session.expiration.replace(tzinfo=UTC) < now:
                raise ExpiredTokenError(access_key)
            yield Caller(
                account,
                access_key,
                session.secret_access_key,
                session.arn,
                session.user_id,
                Policy("session", session.policy) if session.policy else None,
            )
