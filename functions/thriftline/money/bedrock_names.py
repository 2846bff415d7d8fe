"""The names that one Bedrock model goes by: ids, profiles, ARNs, and rows of the price list.

The id of a foundation model is ``amazon.nova-micro-v1:0``. A customization job is given it with the
length of its context (``…:128k``), a caller may name a profile that routes within a geography or
everywhere (``us.…``, ``global.…``), and the price list calls its family ``NovaMicro``. What hides
its model, such as the ARN of a deployment, has no name here: whoever keeps the lists resolves it.
"""

import re

# A profile's scope. The dot and the provider behind it tell it from a provider of the same name.
_PROFILE = re.compile(r"(?P<scope>global|us-gov|us|eu|apac|jp|au|ca)\.(?=[a-z0-9-]+\.)")
_CONTEXT = re.compile(r":\d+k$")
_VERSION = re.compile(r"-v\d+(:\d+)?$")
_NAMED = re.compile(r"arn:[a-z-]+:bedrock:[a-z0-9-]*:\d*:(foundation-model|inference-profile)/(.+)")
# A custom model has the id of its base in its ARN, unless it was imported.
_TUNED = re.compile(r"arn:[a-z-]+:bedrock:[a-z0-9-]*:\d*:custom-model/([^/]+\.[^/]+)/[a-z0-9]{12}")
GLOBAL = "global"
# The geography of a region, by how its name begins; the profiles of Asia and the Pacific have
# several names, and none of them follows from a region.
_GEOGRAPHIES = (("us-gov-", "us-gov"), ("us-", "us"), ("eu-", "eu"))
_PRICE_NAMES = {
    "amazon.nova-micro": "NovaMicro",
    "amazon.nova-lite": "NovaLite",
    "amazon.nova-pro": "NovaPro",
    "amazon.nova-2-lite": "Nova2.0Lite",
    "meta.llama3-1-8b-instruct": "Llama3-1-8B",
    "meta.llama3-1-70b-instruct": "Llama3-1-70B",
    "meta.llama3-3-70b-instruct": "Llama3-3-70B",
}


def called_name(model_id: str) -> str | None:
    """Returns the id by which a model may be called, also out of an ARN; None without one."""
    if not model_id.startswith("arn:"):
        return model_id
    named = _NAMED.fullmatch(model_id)
    return named[2] if named else None


def scope_of(model_id: str) -> str | None:
    """Returns how far a profile routes, such as ``us`` or ``global``; None for a plain id."""
    found = _PROFILE.match(called_name(model_id) or "")
    return found["scope"] if found else None


def foundation_model(model_id: str) -> str | None:
    """Returns the plain id of a foundation model, without scope and length of context.

    That of a custom model's base is in its ARN. None for an ARN that hides its model.
    """
    tuned = _TUNED.fullmatch(model_id)
    name = tuned[1] if tuned else called_name(model_id)
    return None if name is None else _CONTEXT.sub("", _PROFILE.sub("", name, count=1))


def geography_of(region: str) -> str | None:
    """Returns the scope of the profile that routes within a region's geography, None if unknown."""
    return next((scope for begins, scope in _GEOGRAPHIES if region.startswith(begins)), None)


def price_name(model_id: str) -> str | None:
    """Returns what the price list calls a model's family, None where no row is known."""
    name = foundation_model(model_id)
    return None if name is None else _PRICE_NAMES.get(_VERSION.sub("", name))
