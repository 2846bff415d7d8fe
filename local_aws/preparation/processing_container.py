"""What a container of a processing job sees: /opt/ml/processing, a folder of this machine."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from local_aws.preparation.storage import DataError, RoleStorage
from local_aws.training.container import stays_inside
from local_aws.training.storage import relative_key, split_uri

OPT_ML = PurePosixPath("/opt/ml/processing")
_SETTINGS = OPT_ML / "input/conf/configuration.json"


class Container:
    """The folder, and what is at its paths here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, path: str) -> Path:
        """Return where a path of the container is here.

        Raises:
            DataError: it lies elsewhere in the container, where nothing is.
        """
        inside = PurePosixPath(path)
        if not is_below_opt_ml(path):
            raise DataError(f"{path}: only what lies below {OPT_ML} is there")
        return self._folder / inside.relative_to(OPT_ML)

    def argument(self, text: str) -> str:
        """Return an argument with its path as it is here."""
        return str(self.place(text)) if is_below_opt_ml(text) else text

    def copy(self, given: Mapping[str, Any], storage: RoleStorage) -> None:
        """Copy an input, as SageMaker does before the container starts.

        Raises:
            DataError: the role may not read it, or there is nothing.
        """
        uri, folder = given["S3Uri"], self.place(given["LocalPath"])
        folder.mkdir(parents=True, exist_ok=True)
        count = 0
        for place, _ in storage.list(uri):
            name = relative_key(place.key, split_uri(uri)[1])
            target = folder / name
            if not stays_inside(target, folder):
                raise DataError(f"{place.uri}: the key leads out of its folder")
            target.parent.mkdir(parents=True, exist_ok=True)
            storage.download(place, self._folder / ".s3").rename(target)
            count += 1
        if not count:
            raise DataError(f'No S3 objects found under S3 URL "{uri}" given in an input')

    def spark_settings(self) -> dict[str, str]:
        """Return the settings of the input `conf`, in EMR's form; none where there is no such."""
        file = self.place(str(_SETTINGS))
        if not file.is_file():
            return {}
        found: dict[str, str] = {}
        for each in json.loads(file.read_text(encoding="utf-8")):
            if each.get("Classification") == "spark-defaults":
                found |= {name: str(value) for name, value in each.get("Properties", {}).items()}
        return found


def is_below_opt_ml(path: str) -> bool:
    """Whether a path lies below /opt/ml/processing and leads nowhere else."""
    inside = PurePosixPath(path)
    return inside.is_relative_to(OPT_ML) and ".." not in inside.parts


@contextmanager
def container_in(folder: Path) -> Iterator[Container]:
    """Make a container's folder, and remove it at the end."""
    folder.mkdir(parents=True)
    try:
        yield Container(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
