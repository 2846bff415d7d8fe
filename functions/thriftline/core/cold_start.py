"""A cold start without the garbage collector: a module that is imported is no garbage.

Left alone it looks through all that was imported again and again, a tenth of what a function takes
before its first call.
"""

import gc


def begin() -> None:
    """Stops the collector before a function's modules are imported."""
    gc.disable()


def end() -> None:
    """Lets it work again, once they are."""
    gc.enable()
