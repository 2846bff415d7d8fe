"""SageMaker's multi-model contract: models come, answer, are listed, and go; memory is bounded."""

import contextlib
import dataclasses
import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
import pytest
from starlette.testclient import TestClient

from tests.training.serving_clients import wait_until_ready
from training_image.job import JobError
from training_image.multi_model import MultiModelService
from training_image.serving_http import Limits
from training_image.serving_memory import KEPT_FREE, OVERHEAD, ModelMemory, bytes_of
from training_image.serving_port import ModelLostError, Row

MEGABYTE = 10**6


@dataclasses.dataclass
class Named:
    """A model without an engine: its first label is its folder's name."""

    folder: Path
    free: threading.Event = dataclasses.field(default_factory=threading.Event)
    broken: bool = False
    text_pair: bool | None = None
    multi_label: bool = False
    batch_tokens: int = 100
    waiting_tokens: int = 1000

    def __post_init__(self) -> None:
        self.free.set()

    @property
    def labels(self) -> tuple[str, ...]:
        return (self.folder.name, "other")

    @property
    def facts(self) -> dict[str, str]:
        return {"engine": "none"}

    def encode(self, texts: Any) -> list[Row]:
        return [Row(np.zeros(len(text.text), dtype=np.int64), 0, False) for text in texts]

    def probabilities(self, rows: Any) -> npt.NDArray[np.float32]:
        assert self.free.wait(20)
        if self.broken:
            raise ValueError("numbers went wrong")
        return np.array([[0.9, 0.1]] * len(rows), dtype=np.float32)

    def check(self) -> None:
        if self.broken:
            raise ModelLostError("it is gone")


def model_folder(base: Path, name: str, megabytes: int = 1) -> str:
    folder = base / name
    folder.mkdir(parents=True)
    with (folder / "model.safetensors").open("wb") as file:
        file.truncate(megabytes * MEGABYTE)
    return str(folder)


class Models:
    """The models that a service has loaded, by folder."""

    def __init__(self) -> None:
        self.loaded: dict[str, Named] = {}
        self.times = 0

    def load(self, folder: Path) -> Named:
        self.times += 1
        if folder.name == "damaged":
            raise JobError("There is no config.json.")
        if folder.name == "greedy":
            raise MemoryError
        self.loaded[folder.name] = Named(folder)
        return self.loaded[folder.name]


@contextlib.contextmanager
def service_of(
    models: Models, megabytes: int | None = None, limits: Limits | None = None
) -> Iterator[TestClient]:
    most = None if megabytes is None else megabytes * MEGABYTE
    service = MultiModelService(models.load, limits=limits, memory=ModelMemory(most))
    with TestClient(service.app) as client:
        wait_until_ready(client)
        yield client


@pytest.fixture
def models() -> Models:
    return Models()


@pytest.fixture
def client(models: Models) -> Iterator[TestClient]:
    with service_of(models) as client:
        yield client


def load(client: TestClient, name: str, url: str) -> Any:
    return client.post("/models", json={"model_name": name, "url": url})


def ask(client: TestClient, name: str) -> Any:
    headers = {"X-Amzn-SageMaker-Target-Model": f"{name}.tar.gz"}
    return client.post(f"/models/{name}/invoke", json={"text": "warm"}, headers=headers)


def test_several_models_answer_side_by_side(client: TestClient, tmp_path: Path) -> None:
    for name in ("films", "mail"):
        url = model_folder(tmp_path, name)
        assert load(client, name, url).json() == {"modelName": name, "modelUrl": url}
    assert ask(client, "films").json()["label"] == "films"
    assert ask(client, "mail").json()["label"] == "mail"
    assert client.get("/models/mail").json()["modelUrl"] == str(tmp_path / "mail")


def test_a_model_is_loaded_once(client: TestClient, models: Models, tmp_path: Path) -> None:
    url = model_folder(tmp_path, "films")
    assert load(client, "one", url).status_code == 200
    again = load(client, "one", url)
    assert again.status_code == 409
    assert "one is loaded already" in again.json()["error"]
    assert models.times == 1


def test_what_is_not_loaded_is_404(client: TestClient) -> None:
    assert ask(client, "films").status_code == 404
    assert client.get("/models/films").status_code == 404
    gone = client.delete("/models/films")
    assert gone.status_code == 404
    assert "films is not loaded" in gone.json()["error"]


@pytest.mark.parametrize("name", ["a/b/../c.tar.gz", "f3a:9@x", "Grüße 1", "x/invoke", "a?b#c"])
def test_names_are_opaque(client: TestClient, tmp_path: Path, name: str) -> None:
    assert load(client, name, model_folder(tmp_path, "films")).status_code == 200
    path = f"/models/{quote(name, safe='')}"
    assert client.post(f"{path}/invoke", json={"text": "warm"}).json()["label"] == "films"
    assert client.get(path).json()["modelName"] == name
    assert client.delete(path).status_code == 200
    assert client.get("/models").json() == {"models": []}


def test_the_list_comes_in_pages(client: TestClient, tmp_path: Path) -> None:
    for number in range(5):
        load(client, f"m{number}", model_folder(tmp_path, f"m{number}"))
    found, token = list[str](), ""
    for _ in range(3):
        answer = client.get("/models", params={"limit": 2, "next_page_token": token}).json()
        assert len(answer["models"]) <= 2
        found += [each["modelName"] for each in answer["models"]]
        token = answer.get("nextPageToken", "")
    assert found == [f"m{number}" for number in range(5)]
    assert token == ""
    assert client.get("/models", params={"limit": "0"}).status_code == 400


def test_a_model_that_does_not_fit_is_507_until_another_is_unloaded(
    models: Models, tmp_path: Path
) -> None:
    urls = {name: model_folder(tmp_path, name, megabytes=40) for name in ("a", "b", "c")}
    with service_of(models, megabytes=120) as client:
        assert load(client, "a", urls["a"]).status_code == 200
        assert load(client, "b", urls["b"]).status_code == 200
        refused = load(client, "c", urls["c"])
        assert refused.status_code == 507
        assert "needs 57 MB of memory and there is room for 6 MB" in refused.json()["error"]
        assert ask(client, "a").status_code == ask(client, "b").status_code == 200
        assert client.delete("/models/a").status_code == 200
        assert load(client, "c", urls["c"]).status_code == 200
        assert ask(client, "a").status_code == 404
        assert ask(client, "c").json()["label"] == "c"


def test_memory_that_runs_out_while_loading_is_507(client: TestClient, tmp_path: Path) -> None:
    assert load(client, "x", model_folder(tmp_path, "greedy")).status_code == 507
    assert client.get("/models").json() == {"models": []}


def test_two_loads_at_once_do_not_share_the_same_room(models: Models, tmp_path: Path) -> None:
    urls = [model_folder(tmp_path, name, megabytes=40) for name in ("a", "b")]
    with service_of(models, megabytes=100) as client, ThreadPoolExecutor(2) as threads:
        found = threads.map(lambda url: load(client, url[-1], url).status_code, urls)
        assert sorted(found) == [200, 507]


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"{", 400, "not JSON"),
        (b"[]", 400, "must be"),
        (b'{"model_name": "a", "url": ""}', 400, "must be"),
        (b'{"model_name": "a", "url": "/nowhere"}', 400, "is no folder: /nowhere"),
    ],
)
def test_a_bad_load_is_refused(client: TestClient, body: bytes, status: int, sentence: str) -> None:
    refused = client.post("/models", content=body)
    assert refused.status_code == status
    assert sentence in refused.json()["error"]


def test_a_damaged_model_is_a_failure_with_its_sentence_and_the_others_go_on(
    client: TestClient, tmp_path: Path
) -> None:
    load(client, "films", model_folder(tmp_path, "films"))
    refused = load(client, "x", model_folder(tmp_path, "damaged"))
    assert refused.status_code == 500
    assert "x cannot be served: There is no config.json" in refused.json()["error"]
    assert client.get("/ping").status_code == 200
    assert ask(client, "films").status_code == 200


def test_unloading_answers_what_was_asked_before(
    client: TestClient, models: Models, tmp_path: Path
) -> None:
    load(client, "films", model_folder(tmp_path, "films"))
    models.loaded["films"].free.clear()
    with ThreadPoolExecutor(2) as threads:
        asked = threads.submit(ask, client, "films")
        threading.Event().wait(0.2)
        unloaded = threads.submit(client.delete, "/models/films")
        threading.Event().wait(0.1)
        models.loaded["films"].free.set()
        assert asked.result().status_code == 200
        assert unloaded.result().status_code == 200


def test_an_unloaded_model_is_not_kept_by_anything(
    client: TestClient, models: Models, tmp_path: Path
) -> None:
    load(client, "films", model_folder(tmp_path, "films"))
    assert ask(client, "films").status_code == 200
    kept = weakref.ref(models.loaded.pop("films"))
    assert client.delete("/models/films").status_code == 200
    gc.collect()
    assert kept() is None


def test_a_lost_model_is_forgotten_so_that_it_can_be_loaded_again(
    client: TestClient, models: Models, tmp_path: Path
) -> None:
    urls = {name: model_folder(tmp_path, name) for name in ("films", "mail")}
    for name, url in urls.items():
        load(client, name, url)
    models.loaded["films"].broken = True
    assert ask(client, "films").status_code == 500
    for _ in range(200):
        if ask(client, "films").status_code == 404:
            break
        threading.Event().wait(0.01)
    assert [each["modelName"] for each in client.get("/models").json()["models"]] == ["mail"]
    assert ask(client, "mail").status_code == 200
    assert client.get("/ping").status_code == 200
    assert load(client, "films", urls["films"]).status_code == 200
    assert ask(client, "films").status_code == 200


def test_a_stuck_model_makes_ping_say_so(models: Models, tmp_path: Path) -> None:
    with (
        service_of(models, limits=Limits(stuck_seconds=0.05)) as client,
        ThreadPoolExecutor(1) as threads,
    ):
        load(client, "films", model_folder(tmp_path, "films"))
        models.loaded["films"].free.clear()
        asked = threads.submit(ask, client, "films")
        for _ in range(500):
            if client.get("/ping").status_code == 503:
                break
            threading.Event().wait(0.01)
        stuck = client.get("/ping")
        models.loaded["films"].free.set()
        assert stuck.status_code == 503
        assert "stuck" in stuck.json()["error"]
        assert asked.result().status_code == 200
        assert client.get("/ping").status_code == 200


def test_a_request_for_one_model_is_refused_as_the_single_server_refuses(
    client: TestClient, tmp_path: Path
) -> None:
    load(client, "films", model_folder(tmp_path, "films"))
    assert client.post("/models/films/invoke", json={"txt": "a"}).status_code == 400


# ---- Memory


def test_the_containers_limit_counts_where_it_is_the_smaller(tmp_path: Path) -> None:
    (tmp_path / "limit").write_text(f"{2000 * 1024**2}\n")
    (tmp_path / "meminfo").write_text("MemTotal: 99 kB\nMemAvailable:   8388608 kB\n")
    (tmp_path / "status").write_text(f"RssAnon:\t  {500 * 1024} kB\n")
    memory = ModelMemory(None, (tmp_path / "limit",), tmp_path / "meminfo", tmp_path / "status")
    assert memory.room(0) == 1500 * 1024**2 - KEPT_FREE
    (tmp_path / "limit").write_text("max\n")
    assert memory.room(0) == 8 * 1024**3 - KEPT_FREE


def test_a_model_needs_what_its_weights_take(tmp_path: Path) -> None:
    assert bytes_of(Path(model_folder(tmp_path, "a", megabytes=7))) == 7 * MEGABYTE + OVERHEAD


def test_the_bound_is_a_number_of_megabytes() -> None:
    assert ModelMemory.from_environment({"THRIFTLINE_MODELS_MB": "50"}).most == 50 * MEGABYTE
    assert ModelMemory.from_environment({}).most is None
    with pytest.raises(ValueError, match="THRIFTLINE_MODELS_MB is '1 GB'"):
        ModelMemory.from_environment({"THRIFTLINE_MODELS_MB": "1 GB"})
