"""
unwilling_hosts - next hops that are silent from the beginning, drip their replies, or are silent after the final dot

One thread serves all of them. Each has an address of its own in 127/8.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from ..machine import free_port

_DRIP_S: Final = 1.0
_REPLIES: Final = {b"DATA": b"354 Go ahead\r\n", b"QUIT": b"221 Bye\r\n"}

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the connection, and never say anything."""
    await reader.read()
    writer.close()


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Greet with one octet a second."""
    writer.write(b"220 ")
    try:
        while not reader.at_eof():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(_DRIP_S)
    except ConnectionError:
        pass
    writer.close()


async def silent_after_the_dot(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a message, and never answer its final dot."""
    writer.write(b"220 slow.bench.example\r\n")
    while line := await reader.readline():
        verb = line[:4].upper()
        writer.write(_REPLIES.get(verb, b"250 Ok\r\n"))
        if verb == b"DATA":
            break
    await reader.read()
    writer.close()


@contextmanager
def unwilling_hosts(count: int, behaviours: Sequence[Behaviour]) -> Iterator[list[tuple[str, int]]]:
    """*count* hosts with these *behaviours* in turn; address and port of each."""
    port = free_port()
    hosts = [f"127.77.{n // 200}.{n % 200 + 1}" for n in range(count)]
    listening, over = threading.Event(), threading.Event()

    async def serve() -> None:
        for number, host in enumerate(hosts):
            await asyncio.start_server(behaviours[number % len(behaviours)], host, port, backlog=128)
        listening.set()
        await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    listening.wait(60)
    try:
        yield [(host, port) for host in hosts]
    finally:
        over.set()
        thread.join(10)
