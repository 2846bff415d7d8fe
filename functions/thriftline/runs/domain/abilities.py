"""What the models of a way to train can do for those who use them."""

from thriftline.core.dataclass import dataclass


@dataclass(frozen=True)
class Abilities:
    """What a trainer's models can do.

    ``scores``: they give probabilities. ``weights``: their weights can be taken elsewhere.
    ``multi_label``: a text may get any number of labels. ``search``: it tries hyperparameters.
    ``encoder``: it trains the run spec's ``base_model``. ``instructed``: what it trains follows
    instructions already, and so learns from few records. Answers that are quicker than
    ``least_latency_ms`` cannot be promised; None promises by the size of what is rented.
    """

    scores: bool = True
    weights: bool = True
    multi_label: bool = True
    search: bool = True
    encoder: bool = True
    instructed: bool = False
    least_latency_ms: int | None = None
