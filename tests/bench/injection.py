"""
injection - mail by HTTP, in batches, over connections that stay open

The bodies are made before the clock starts.
"""

import http.client
import json
import queue
import threading
import time
from contextlib import closing
from typing import Final

from .machine import LOOPBACK, BenchFailure

BATCH: Final = 100  # messages of one request
_CONNECTIONS: Final = 4
_TEXT: Final = "Dear {{name}},\n" + ("x" * 70 + "\n") * 57  # 4 KiB
_DEADLINE_S: Final = 60.0


def inject_mail(port: int, token: str, messages: int) -> float:
    """
    Send so many *messages*; the seconds that it took.

    Raises:
        BenchFailure: one was refused.
    """
    bodies: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for first in range(0, messages, BATCH):
        bodies.put(_body(first, min(BATCH, messages - first)))
    failures: list[str] = []
    threads = [threading.Thread(target=_send, args=(port, token, bodies, failures)) for _ in range(_CONNECTIONS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise BenchFailure(failures[0])
    return time.perf_counter() - start


def _body(first: int, count: int) -> bytes:
    recipients = [
        {"to": f"user{number}@sink.example", "variables": {"name": f"User {number}"}}
        for number in range(first, first + count)
    ]
    letter = {"from": "app@bench.example", "subject": "For {{name}}", "text": _TEXT, "recipients": recipients}
    return json.dumps(letter).encode()


def _send(port: int, token: str, bodies: "queue.SimpleQueue[bytes]", failures: list[str]) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=_DEADLINE_S)) as connection:
        while not failures:
            try:
                body = bodies.get_nowait()
            except queue.Empty:
                return
            connection.request("POST", "/api/v1/messages", body, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 202 or json.loads(text)["refused"]:
                failures.append(f"{answer.status} {text[:300].decode(errors='replace')}")
