"""The same user always meets the same model of an A/B test: a function for callers to copy.

SageMaker draws each request anew; it knows no users. A caller who wants one model for each user
chooses it here and sends it as ``TargetVariant``:

    variant = variant_of(user_id, experiment_id, weight=0.1)
    runtime.invoke_endpoint(EndpointName=..., TargetVariant=variant,
                            InferenceId=pinned_inference_id(request_id), ...)

A user's requests are alike, so they are no independent draws: the comparison leaves out what
carries such an inference id. The draw depends on nothing but user, experiment and weight: it needs
no storage, another experiment draws anew, and a raised weight moves users to the challenger only.
"""

import hashlib

CHAMPION = "main"
CHALLENGER = "challenger"
PINNED_PREFIX = "pinned-"
_LONGEST_INFERENCE_ID = 64


def variant_of(
    user: str,
    experiment: str,
    weight: float,
    champion: str = CHAMPION,
    challenger: str = CHALLENGER,
) -> str:
    """Returns the variant that a user meets in an experiment.

    Args:
        user: what identifies the user; it is hashed, and sent nowhere.
        experiment: the experiment's id.
        weight: the challenger's share of the users, from 0 to 1.
        champion: the variant in use.
        challenger: the variant on trial.
    """
    # The length keeps ("a", "bc") and ("ab", "c") apart.
    text = f"{len(experiment)}:{experiment}:{user}"
    drawn = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return challenger if drawn < weight * 2**64 else champion


def pinned_inference_id(request: str) -> str:
    """Returns the inference id of a request whose variant the caller chose.

    Raises:
        ValueError: SageMaker takes at most 64 characters.
    """
    found = PINNED_PREFIX + request
    if len(found) > _LONGEST_INFERENCE_ID:
        raise ValueError(
            f"{found} has {len(found)} characters; SageMaker takes {_LONGEST_INFERENCE_ID}: "
            f"give a request id of at most {_LONGEST_INFERENCE_ID - len(PINNED_PREFIX)}."
        )
    return found


def is_pinned(inference_id: str | None) -> bool:
    """Whether the caller chose the variant of this request."""
    return inference_id is not None and inference_id.startswith(PINNED_PREFIX)
