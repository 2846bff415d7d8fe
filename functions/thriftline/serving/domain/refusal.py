"""Why a wish of ``serve.yaml`` cannot be had, and what a rule against it looks at."""

from collections.abc import Callable, Iterator

from thriftline.core.dataclass import dataclass
from thriftline.serving.domain.kinds import MAIN_VARIANT, Kind, ServingWish

GPU_FAMILIES = ("ml.p", "ml.g", "ml.inf", "ml.trn")


@dataclass(frozen=True)
class Refusal:
    """A wish that cannot be had: where it stands, the rule against it, what to do."""

    field: str
    rule: str
    fix: str

    @property
    def sentence(self) -> str:
        """The three in one line."""
        return f"{self.field}: {self.rule}; {self.fix}"


@dataclass(frozen=True)
class Current:
    """The endpoint as it is now. ``instances`` of the variant in use, as scaling has set them."""

    kind: Kind
    variants: tuple[str, ...] = (MAIN_VARIANT,)
    instance_type: str | None = None
    instances: int = 1
    scaled: bool = False


Rule = Callable[[ServingWish], Iterator[Refusal]]
ChangeRule = Callable[[ServingWish, Current], Iterator[Refusal]]
