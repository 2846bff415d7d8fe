"""What a model that Bedrock customized can do for those who ask it."""

from thriftline.runs.domain.abilities import Abilities

# Converse has no field for probabilities, the weights are never exported, and the first token of
# an answer came after 0.38 to 0.64 seconds where somebody measured it.
ABILITIES = Abilities(
    scores=False,
    weights=False,
    multi_label=False,
    search=False,
    encoder=False,
    instructed=True,
    least_latency_ms=300,
)
