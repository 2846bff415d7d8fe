"""What a person does next after a run that ended without a new model in use."""

from typing import Literal

Status = Literal["succeeded", "not_promoted", "rejected", "failed"]

_RUN_YAML = "Fix run.yaml and upload it again, it alone: that starts a new run."
_SETTINGS = "Change the settings in run.yaml and upload it again, it alone: that starts a new run."
_FILES = "Fix the files and upload them again: a new version starts a new run."
_REJECTED = {
    "InvalidRunSpecError": _RUN_YAML,
    "BudgetExceededError": _SETTINGS,
    "UnpricedInstanceError": _SETTINGS,
    "UnknownInstanceTypeError": _SETTINGS,
}


def advice_of(status: Status, error: str | None) -> str:
    """Returns what to do, and how the next run starts; empty where nothing is to be done.

    Args:
        status: how the run ended.
        error: name of the error that ended it.
    """
    if status == "rejected":
        return _REJECTED.get(error or "", _FILES)
    if status == "failed":
        return "Once it is fixed, upload a file of the data set or run.yaml again."
    return ""
