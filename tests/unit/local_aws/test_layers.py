"""Layers of functions, made by the commands of their own makefiles."""

from pathlib import Path

import pytest

from local_aws.functions.layers import Layer, LayerError, layer_packages

MAKEFILE = """
build-Words:
	mkdir -p $(ARTIFACTS_DIR)/python
	cp words.py $(ARTIFACTS_DIR)/python/
	echo built >> BUILDS
build-File:
	mkdir -p $(ARTIFACTS_DIR)/preparation
	cp words.py $(ARTIFACTS_DIR)/preparation/
build-Empty:
	true
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "layer"
    made.mkdir()
    (made / "Makefile").write_text(MAKEFILE.replace("BUILDS", str(tmp_path / "builds")))
    (made / "words.py").write_text("WORD = 1\n")
    return made


def builds(tmp_path: Path) -> int:
    return len((tmp_path / "builds").read_text().splitlines())


def test_a_layer_is_made_once_for_each_content(folder: Path, tmp_path: Path) -> None:
    layer, cache = Layer("Words", folder, "makefile"), tmp_path / "cache"

    first = layer_packages(layer, cache)
    assert (layer_packages(layer, cache), builds(tmp_path)) == (first, 1)
    assert (first / "words.py").read_text() == "WORD = 1\n"
    assert list(first.glob("__pycache__/words.*.pyc"))
    assert not (folder / "python").exists()

    (folder / "words.py").write_text("WORD = 2\n")
    assert (layer_packages(layer, cache) / "words.py").read_text() == "WORD = 2\n"
    assert builds(tmp_path) == 2


def test_a_layer_may_have_files_and_no_packages(folder: Path, tmp_path: Path) -> None:
    made = layer_packages(Layer("File", folder, "makefile"), tmp_path / "cache")

    assert not made.exists()
    assert (made.parent / "preparation" / "words.py").read_text() == "WORD = 1\n"


def test_what_python_compiled_makes_no_layer_anew(folder: Path, tmp_path: Path) -> None:
    layer, cache = Layer("Words", folder, "makefile"), tmp_path / "cache"
    first = layer_packages(layer, cache)

    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "words.pyc").write_bytes(b"compiled")

    assert (layer_packages(layer, cache), builds(tmp_path)) == (first, 1)


def test_a_layer_without_a_build_method_is_used_as_it_lies(folder: Path, tmp_path: Path) -> None:
    assert layer_packages(Layer("Words", folder), tmp_path) == folder / "python"


@pytest.mark.parametrize(
    ("name", "method", "said"),
    [
        ("Empty", "makefile", "gave nothing"),
        ("Other", "makefile", "build-Other"),
        ("Words", "python3.13", "not done here"),
    ],
)
def test_a_layer_that_cannot_be_made_says_why(
    folder: Path, tmp_path: Path, name: str, method: str, said: str
) -> None:
    with pytest.raises(LayerError, match=said):
        layer_packages(Layer(name, folder, method), tmp_path / "cache")
    assert not list(tmp_path.glob("cache/*"))
