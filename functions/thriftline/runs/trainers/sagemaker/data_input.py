"""How a job's instances read the data of the run."""

from typing import Literal

from thriftline.core.dataclass import dataclass

Mode = Literal["file", "fast_file", "fsx_lustre", "s3_express"]


@dataclass(frozen=True)
class DataInput:
    """The way that was chosen, and why; ``reason`` is a sentence for the plan."""

    mode: Mode
    reason: str

    @property
    def is_copied(self) -> bool:
        """Whether the instances copy the data before they start, which is billed."""
        return self.mode == "file"


COPIED = DataInput("file", "The data are copied to the instances before the training.")
