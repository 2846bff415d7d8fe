"""``CreateModelImportJob``: weights that were trained elsewhere, brought to Bedrock.

Bedrock imports models that write text, and answers with them by InvokeModel alone: Converse, by
which Thriftline evaluates, does not take them. So a run that asks for an import is told what is in
the way before anything is spent.
"""

from thriftline.core.errors import InvalidRunSpecError, UnpricedInstanceError
from thriftline.runs.trainers.bedrock.patterns import S3_URI, require_name


def require_folder(uri: str) -> str:
    """Returns the URI of a model's folder.

    Raises:
        InvalidRunSpecError: it is none, or has a character that Bedrock refuses.
    """
    require_name("bedrock.import_uri", uri, S3_URI)
    if not uri.endswith("/"):
        raise InvalidRunSpecError(
            f"bedrock.import_uri: {uri!r} must be the folder of the model, with / at its end. "
            "Nothing was spent."
        )
    return uri


def refuse_import(uri: str | None, *, is_allowed: bool) -> None:
    """Says what is in the way of an import, the first thing first.

    Raises:
        InvalidRunSpecError: no folder is named, or nothing is in the way but that Thriftline cannot
            evaluate it.
        UnpricedInstanceError: nothing is allowed for what has no price.
    """
    if not uri:
        raise InvalidRunSpecError(
            "bedrock.import_uri: an import needs the folder of the model, such as "
            "s3://bucket/model/. Nothing was spent."
        )
    require_folder(uri)
    if not is_allowed:
        raise UnpricedInstanceError(
            "bedrock.customization: the price list has no row for the model units of an imported "
            "model. Say fine_tuning, or allow something in budget.unpriced_allowance_usd. Nothing "
            "was spent."
        )
    raise InvalidRunSpecError(
        "bedrock.customization: an imported model does not answer to Converse, by which Thriftline "
        "asks the test split, so that the run could not be evaluated. Say fine_tuning. Nothing was "
        "spent."
    )
