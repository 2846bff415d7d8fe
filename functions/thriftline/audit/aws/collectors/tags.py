"""Tags: all of a kind at once, or those of one resource."""

from collections.abc import Mapping
from typing import Any

from thriftline.audit.aws.collectors.reading import Answer, attempt, list_all
from thriftline.audit.domain.facts import Fact, Tags, Unread, tags_of
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.dataclass import dataclass

_PAGE = 100


@dataclass(frozen=True, slots=True)
class BulkTags:
    """The tags of all resources of some types, or why they could not be read."""

    by_arn: Mapping[str, Tags]
    unread: Unread | None

    def of(self, arn: str) -> Fact[Tags]:
        """Returns a resource's tags.

        The Resource Groups Tagging API answers for all that has or had tags: what it does not
        name, once it was read to the end, has none.
        """
        return self.by_arn.get(_key(arn), ()) if self.unread is None else self.unread


def read_bulk_tags(clients: TargetClients, *types: str) -> BulkTags:
    """Returns the tags of all resources of types such as ``sagemaker:endpoint``."""
    listed = list_all(
        clients.client("resourcegroupstaggingapi"),
        "GetResources",
        "ResourceTagMappingList",
        ResourceTypeFilters=list(types),
        ResourcesPerPage=_PAGE,
    )
    return BulkTags(
        {_key(row["ResourceARN"]): pairs(row.get("Tags", ())) for row in listed.rows},
        listed.unread,
    )


def read_sagemaker_tags(client: Any, arn: str) -> Fact[Tags]:
    """Returns the tags of one SageMaker resource, as they are now."""
    listed = list_all(client, "ListTags", "Tags", ResourceArn=arn)
    return pairs(listed.rows) if listed.unread is None else listed.unread


def read_bedrock_tags(client: Any, arn: str) -> Fact[Tags]:
    """Returns the tags of one Bedrock resource."""

    def read() -> Tags:
        rows = client.list_tags_for_resource(resourceARN=arn).get("tags", ())
        return tags_of({row["key"]: row["value"] for row in rows})

    return attempt("ListTagsForResource", read)


def pairs(rows: Any) -> Tags:
    """Returns tags as AWS lists them, as pairs in order of key."""
    listed: list[Answer] = list(rows)
    return tags_of({row["Key"]: row["Value"] for row in listed})


def _key(arn: str) -> str:
    # SageMaker writes names in ARNs in lower case, other services as they were given.
    return arn.lower()
