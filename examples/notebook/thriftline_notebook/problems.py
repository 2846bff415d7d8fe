"""What stands in the way of a retraining, as a sentence with its fix."""


class RetrainingError(Exception):
    """The run cannot be trained again as it is asked for; nothing was spent."""
