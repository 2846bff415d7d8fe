"""The ways to train that a run spec may name."""

from collections.abc import Callable, Mapping

from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.trainers.port import Trainer, TrainerSite


def _sagemaker(site: TrainerSite) -> Trainer:
    # Imported here, so that a function loads only the trainer that its run has.
    from thriftline.runs.trainers.sagemaker.trainer import sagemaker_trainer

    return sagemaker_trainer(site)


def _bedrock(site: TrainerSite) -> Trainer:
    from thriftline.runs.trainers.bedrock.trainer import bedrock_trainer

    return bedrock_trainer(site)


TRAINERS: Mapping[str, Callable[[TrainerSite], Trainer]] = {
    "sagemaker": _sagemaker,
    "bedrock": _bedrock,
}


class Trainers:
    """Makes the registered trainers, each when it is first asked for."""

    def __init__(
        self,
        site: TrainerSite,
        registered: Mapping[str, Callable[[TrainerSite], Trainer]] = TRAINERS,
    ) -> None:
        self._site = site
        self._registered = registered
        self._made: dict[str, Trainer] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The registered ways, in the order in which they are asked."""
        return tuple(self._registered)

    def named(self, name: str) -> Trainer:
        """Returns a trainer.

        Raises:
            InvalidRunSpecError: none of this name is registered.
        """
        if name not in self._registered:
            raise InvalidRunSpecError(
                f"trainer: no trainer is called {name}; registered are "
                f"{', '.join(sorted(self._registered))}. Nothing was spent."
            )
        if name not in self._made:
            self._made[name] = self._registered[name](self._site)
        return self._made[name]
