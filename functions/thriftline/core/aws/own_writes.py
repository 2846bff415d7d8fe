"""Marks a conditional write, so that its second try is not taken for somebody else's.

Where DynamoDB has written and its answer is lost, botocore asks again and the condition refuses:
what stands there is one's own, and only a mark that nobody else has can say so.
"""

from uuid import uuid4


def fresh_mark() -> str:
    """Returns a text that no other write has."""
    return uuid4().hex
