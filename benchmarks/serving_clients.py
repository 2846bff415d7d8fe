"""The load of the serving benchmark: clients that each keep one request open all the time.

A process of its own, with no HTTP library: a client must not cost what a server is measured by.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


async def post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: str) -> Any:
    """Sends a text over an open connection, and returns the answer.

    Raises:
        RuntimeError: the status is not 200.
    """
    body = json.dumps({"text": text}).encode()
    head = (
        "POST /invocations HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    answer_head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(answer_head.split("content-length:")[1].split("\r\n")[0])
    answer = await reader.readexactly(length)
    if " 200 " not in answer_head.split("\r\n")[0]:
        raise RuntimeError(f"{answer_head}{answer.decode()}")
    return json.loads(answer)


async def client(port: int, texts: Iterator[str], latencies: list[float]) -> None:
    """Sends texts one after another until there are none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for text in texts:
        started = time.perf_counter()
        await post(reader, writer, text)
        latencies.append(time.perf_counter() - started)
    writer.close()


async def load(port: int, texts: list[str], clients: int) -> dict[str, Any]:
    """Sends all texts by so many clients at once.

    Returns:
        `seconds` in all, and the `latencies` of the requests.
    """
    latencies: list[float] = []
    shared = iter(texts)
    started = time.perf_counter()
    await asyncio.gather(*(client(port, shared, latencies) for _ in range(clients)))
    return {"seconds": time.perf_counter() - started, "latencies": latencies}


def main() -> None:
    """Reads the texts from a file, and prints one JSON object."""
    port, clients, place = sys.argv[1:]
    texts = json.loads(Path(place).read_bytes())
    print(json.dumps(asyncio.run(load(int(port), texts, int(clients)))))


if __name__ == "__main__":
    main()
