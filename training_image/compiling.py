"""torch.compile where it pays: on a GPU, for packed rows, in a run that is long enough.

One graph serves passes of any number of rows and tokens. On a CPU compiled passes are slower than
eager ones (0.70 to 0.80 times as fast, docs/benchmarks.md), and padded rectangles would be compiled
for each shape anew.
"""

from typing import Any

import torch

from training_image.job import JobError
from training_image.progress import warn

MODES = {"graphs": "reduce-overhead", "on": "default", "auto": "default"}
# About a minute of compiling is worth while from five minutes of training on, at some 100 TFLOP/s.
LEAST_FLOPS = 3e16


class CompiledNetwork(torch.nn.Module):
    """A network that is compiled when it is first called, and eager for good where that fails."""

    def __init__(self, network: torch.nn.Module, mode: str, backend: str = "inductor") -> None:
        super().__init__()
        self.network = network
        options: dict[str, Any] = {} if mode == "default" else {"mode": mode}
        self._run: Any = torch.compile(network, dynamic=True, backend=backend, **options)
        self.is_compiled = True

    def forward(self, **inputs: Any) -> Any:
        """Runs the network.

        Raises:
            torch.OutOfMemoryError: as the network does.
        """
        if not self.is_compiled:
            return self.network(**inputs)
        try:
            return self._run(**inputs)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            reason = " ".join(str(error).split())[:200]
            warn(f"Training goes on without torch.compile: {type(error).__name__}: {reason}")
            self.is_compiled = False
            return self.network(**inputs)


def compiled(
    network: torch.nn.Module,
    asked: str,
    *,
    packed: bool,
    tokens: int,
    device: torch.device,
) -> torch.nn.Module:
    """Returns the network, compiled if that pays, or was asked for by `THRIFTLINE_COMPILE`.

    Args:
        network: a PreTrainedModel.
        asked: `off`, `on`, `graphs` (CUDA graphs beside it), `auto` or empty for where it pays.
        packed: whether it reads packed rows.
        tokens: of the whole run.
        device: where it computes.

    Raises:
        JobError: something else was asked for.
    """
    asked = asked or "auto"
    if asked not in {*MODES, "off"}:
        raise JobError(f"THRIFTLINE_COMPILE is {asked!r}; it may be auto, off, on or graphs.")
    weights = sum(each.numel() for each in network.parameters())
    pays = device.type == "cuda" and packed and 6 * weights * tokens >= LEAST_FLOPS
    if asked == "off" or (asked == "auto" and not pays):
        return network
    return CompiledNetwork(network, MODES[asked])
