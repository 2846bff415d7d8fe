"""The engines of data preparation that a run spec may name.

``auto`` is not one of them: it is the choice between them, see ``choice.py``.
"""

from collections.abc import Callable, Mapping

from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.engines.port import Engine, EngineSite


def _local(site: EngineSite) -> Engine:
    # Imported here, so that a function loads only the engine that its run has.
    from thriftline.runs.engines.local import local_engine

    return local_engine(site)


def _emr_serverless(site: EngineSite) -> Engine:
    from thriftline.runs.engines.emr_serverless.engine import emr_serverless_engine

    return emr_serverless_engine(site)


def _databricks(site: EngineSite) -> Engine:
    from thriftline.runs.engines.databricks.engine import databricks_engine

    return databricks_engine(site)


def _sagemaker_processing(site: EngineSite) -> Engine:
    from thriftline.runs.engines.sagemaker_processing.engine import sagemaker_processing_engine

    return sagemaker_processing_engine(site)


ENGINES: Mapping[str, Callable[[EngineSite], Engine]] = {
    "local": _local,
    "emr_serverless": _emr_serverless,
    "databricks": _databricks,
    "sagemaker_processing": _sagemaker_processing,
}


class Engines:
    """Makes the registered engines, each when it is first asked for."""

    def __init__(
        self,
        site: EngineSite,
        registered: Mapping[str, Callable[[EngineSite], Engine]] = ENGINES,
    ) -> None:
        self._site = site
        self._registered = registered
        self._made: dict[str, Engine] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The registered engines, in the order in which they are asked."""
        return tuple(self._registered)

    def named(self, name: str) -> Engine:
        """Returns an engine.

        Raises:
            InvalidRunSpecError: none of this name is registered.
        """
        if name not in self._registered:
            raise InvalidRunSpecError(
                f"prepare.engine: no engine is called {name}; registered are "
                f"{', '.join(sorted(self._registered))}. Nothing was spent."
            )
        if name not in self._made:
            self._made[name] = self._registered[name](self._site)
        return self._made[name]
