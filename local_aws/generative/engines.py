"""Which engine plays which base model on the embedded AWS."""

from collections.abc import Mapping

from local_aws.generative import smollm2_weights
from local_aws.generative.port import GenerativeEngine
from local_aws.generative.smollm2 import SmallModel
from local_aws.generative.stand_in import StandIn


class Engines:
    """The engines of one embedded AWS: real small models by their id, a stand-in for all others."""

    def __init__(
        self,
        stand_in: GenerativeEngine | None = None,
        local: Mapping[str, GenerativeEngine] | None = None,
    ) -> None:
        self._stand_in = StandIn() if stand_in is None else stand_in
        self._local = dict(local or {})

    @classmethod
    def of_this_machine(cls, stand_in: GenerativeEngine | None = None) -> "Engines":
        """Return the engines with the small models that `make setup-bedrock` left here."""
        installed = smollm2_weights.is_installed()
        return cls(stand_in, {smollm2_weights.NAME: SmallModel()} if installed else {})

    @property
    def local_models(self) -> tuple[str, ...]:
        """Return the base models that are installed here and really run."""
        return tuple(sorted(self._local))

    def engine_for(self, base_model: str) -> GenerativeEngine:
        """Return the engine that plays a base model; its name says who really answers."""
        return self._local.get(base_model, self._stand_in)

    def close(self) -> None:
        """End every engine."""
        for engine in (self._stand_in, *self._local.values()):
            engine.close()
