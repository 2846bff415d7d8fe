"""What `sam build` made is what Lambda takes."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.containers

# Lambda's limit for a function with its layers, unzipped.
LIMIT_BYTES = 250 * 1024**2
HEAVY = {"torch", "transformers", "moto", "pandas", "pyarrow", "sklearn", "tests", "local_aws"}


# What each layer has, and in which folder. pip puts the commands of a package beside it.
LAYERS = {
    "ApiLayer": ("python", {"bin", "chalice"}),
    "PreparationLayer": ("preparation", {"prepare.py"}),
}


def _packages(build: Path) -> list[Path]:
    return sorted(folder for folder in build.iterdir() if folder.is_dir())


def _functions(build: Path) -> list[Path]:
    return [folder for folder in _packages(build) if folder.name not in LAYERS]


def test_every_package_is_small_enough_for_lambda(build: Path) -> None:
    sizes = {
        package.name: sum(file.stat().st_size for file in package.rglob("*") if file.is_file())
        for package in _packages(build)
    }
    assert sizes
    assert max(sizes.values()) < LIMIT_BYTES


def test_no_package_holds_what_training_or_tests_need(build: Path) -> None:
    for package in _functions(build):
        assert (package / "thriftline/handlers").is_dir()
        assert not (HEAVY | {"chalice"}) & {each.name for each in package.iterdir()}


def test_a_layer_holds_what_it_is_for_and_none_of_what_that_requires(build: Path) -> None:
    for name, (folder, wanted) in LAYERS.items():
        assert {each.name for each in (build / name).iterdir()} == {folder}
        found = {each.name for each in (build / name / folder).iterdir()}
        assert {each for each in found if not each.endswith(".dist-info")} == wanted
