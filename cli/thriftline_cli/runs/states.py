"""The states of a run's workflow as a person follows them: how far each is, and its words."""

# Each state of the workflow that a run can stand in, with how far it is of 20.
STATES = {
    "Note upload": (0, "upload noted"),
    "Open run": (1, "opened"),
    "Wait for the rest of the upload": (1, "waits for the rest of the upload"),
    "Plan preparation": (1, "plans the preparation"),
    "Start preparation": (1, "starts the preparation"),
    "Wait for a place to prepare": (1, "waits for a place to prepare the data"),
    "Poll preparation": (2, "prepares the data"),
    "Wait for the preparation": (2, "prepares the data"),
    "Next preparation attempt": (2, "goes on with the next attempt"),
    "Validate dataset": (2, "validates the data"),
    "Validate ranges": (2, "validates the data"),
    "Merge validation": (3, "validates the data"),
    "Plan run": (4, "plans"),
    "Reserve budget": (5, "reserves the budget"),
    "Wait for approval": (5, "waits for approval"),
    "Close approval": (5, "approved"),
    "Prepare splits": (6, "prepares the splits"),
    "Start training": (7, "starts the training"),
    "Wait for a turn": (7, "waits for its turn"),
    "Poll training": (9, "trains"),
    "Wait for the job": (9, "trains"),
    "Next attempt": (9, "goes on with the next attempt"),
    "Evaluate": (15, "evaluates"),
    "Register model": (17, "registers the model"),
    "Deploy model": (17, "asks for the deployment"),
    "Clean up": (18, "cleans up"),
    "Settle budget": (19, "settles the bill"),
    "Publish result": (19, "writes the result"),
}
MOST = 20
# In these the trainer says what it does.
TRAINING = frozenset({"Start training", "Wait for a turn", "Poll training", "Wait for the job"})
UNKNOWN = (1, "is at work")
ENDED = frozenset({"succeeded", "not_promoted", "rejected", "failed", "not_started"})
EARLY = "starting"
WAITING = "waiting_for_approval"


def bar(far: int, *, width: int = 10) -> str:
    """Returns a bar that is so far of MOST."""
    full = round(width * min(far, MOST) / MOST)
    return f"[{'#' * full}{'-' * (width - full)}]"
