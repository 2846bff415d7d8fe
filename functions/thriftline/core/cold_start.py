"""A cold start without the garbage collector: a module that is imported is no garbage.

Left alone it looks through all that was imported again and again, a tenth of what a function takes
before its first call. Each handler's module begins and ends it; the API's, which is imported first
of its own package, does neither. Who imports ``thriftline.handlers`` alone is left without it.
"""

import gc


def begin() -> None:
    """Stops the collector before a function's modules are imported."""
    gc.disable()


def end() -> None:
    """Lets it work again, once they are."""
    gc.enable()
