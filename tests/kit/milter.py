"""
milter - a scripted filter on a socket

It answers each request by its letter: with a packet, several packets, a function of the data, or one of the words
CLOSE and SILENT. What is not in the script it lets pass.
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import gevent
from gevent import socket
from gevent.server import StreamServer

from empath.smtp.milter.flags import STAGES, Step
from empath.smtp.milter.packets import Packet, PacketReader
from tests.kit.waiting import DEADLINE_S

CLOSE = "close"
SILENT = "silent"
CONTINUE = Packet(b"c")
Answer = Packet | Sequence[Packet] | str | Callable[[bytes], "Packet | Sequence[Packet] | str"]
_RULES = {rule.code: rule for rule in STAGES.values()}


class ScriptedFilter:
    """
    One filter. *script* has the answers by the letter of the request; a list of answers is for one request after
    another, the last one for all others.

    Shape: said has all packets that came, connections the number of connections so far.
    """

    def __init__(
        self,
        *,
        version: int = 6,
        actions: int = 0x1FF,
        steps: int = 0,
        lists: bytes = b"",
        path: Path | None = None,
        **script: Any,
    ) -> None:
        self._agreement = b"".join(number.to_bytes(4, "big") for number in (version, actions, steps)) + lists
        self._steps = Step(steps)
        self._script: dict[bytes, list[Answer]] = {}
        for letter, answers in script.items():
            self._script[letter.encode()] = list(answers) if isinstance(answers, list) else [answers]
        self.said: list[Packet] = []
        self.connections = 0
        self._sockets: list[socket.socket] = []
        listener: socket.socket | tuple[str, int] = ("127.0.0.1", 0)
        if path is not None:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(str(path))
            listener.listen()
        self._server = StreamServer(listener, self._serve)
        self._server.start()
        self.address = f"unix:{path}" if path is not None else f"inet:127.0.0.1:{self._server.server_port}"

    def letters(self) -> str:
        """The letters of all packets that came, without those of macros."""
        return b"".join(packet.code for packet in self.said if packet.code != b"D").decode()

    def heard(self, end: str) -> None:
        """Wait until the letters end so."""
        with gevent.Timeout(DEADLINE_S):
            while not self.letters().endswith(end):
                gevent.sleep(0.01)

    def of(self, letter: bytes) -> list[bytes]:
        """The data of the packets with this letter."""
        return [packet.data for packet in self.said if packet.code == letter]

    def macros(self, stage: bytes) -> dict[str, str]:
        """The macros that came last before the stage with this letter."""
        [*_, data] = [data for data in self.of(b"D") if data[:1] == stage]
        parts = data[1:].decode().split("\0")[:-1]
        return dict(zip(parts[::2], parts[1::2], strict=True))

    def hang_up(self) -> None:
        """Close all connections; new ones are taken."""
        for each in self._sockets:
            each.close()
        self._sockets.clear()

    def stop(self) -> None:
        """Close everything."""
        self._server.stop()
        self.hang_up()

    def _serve(self, peer: socket.socket, _: object) -> None:
        self.connections += 1
        self._sockets.append(peer)
        reader = PacketReader()
        try:
            while octets := peer.recv(65536):
                reader.receive(octets)
                while (packet := reader.next_packet()) is not None:
                    self.said.append(packet)
                    self._answer(peer, packet)
        except OSError:
            pass

    def _answer(self, peer: socket.socket, packet: Packet) -> None:
        answers = self._script.get(packet.code)
        if packet.code == b"O" and answers is None:
            peer.sendall(Packet(b"O", self._agreement).octets)
            return
        rule = _RULES.get(packet.code)
        if answers is None:
            if rule is not None and not self._steps & rule.unanswered:
                peer.sendall(CONTINUE.octets)
            return
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        found = answer(packet.data) if callable(answer) else answer
        if found == CLOSE:
            peer.close()
        elif isinstance(found, Packet):
            peer.sendall(found.octets)
        elif found != SILENT:
            peer.sendall(b"".join(each.octets for each in found if isinstance(each, Packet)))
        gevent.sleep(0)


class FilterInThread:
    """A scripted filter for tests whose own code does not run in a hub. Shape: `filter` is known once it is entered."""

    def __init__(self, **script: Any) -> None:
        self._script = script
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._is_ready = threading.Event()
        self._is_over = False
        self.filter: ScriptedFilter

    def __enter__(self) -> ScriptedFilter:
        self._thread.start()
        assert self._is_ready.wait(DEADLINE_S)
        return self.filter

    def __exit__(self, _t: type[BaseException] | None, _e: BaseException | None, _b: TracebackType | None) -> None:
        self._is_over = True
        self._thread.join(DEADLINE_S)

    def _run(self) -> None:
        self.filter = ScriptedFilter(**self._script)
        self._is_ready.set()
        while not self._is_over:
            gevent.sleep(0.02)
        self.filter.stop()
