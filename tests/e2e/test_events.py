"""Events of a real service reach an endpoint and a file, across the deaths of the process that sends them."""

import http.client
import json
import os
import signal
import socket
from contextlib import closing
from pathlib import Path

from tests.cli.admin.kit import run
from tests.kit import nats_server
from tests.kit.http_server import HttpServer, answer
from tests.kit.process import Empathd, free_port
from tests.kit.waiting import DEADLINE_S, eventually

UNWATCHED = '[health]\nwithout = ["listeners", "dns"]\n'


def streamed(service, port):
    """Types of the events of one more message, as a client of the API gets them."""
    added = run("-c", str(service.config), "token", "add", "follower", "--role", "read")
    headers = {"Authorization": f"Bearer {added.out.strip()}"}
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
    with closing(asking):
        asking.request("GET", "/api/v1/events?recipient=one@more.test", headers=headers)
        answer = asking.getresponse()
        assert (200, b"retry: 2000\n") == (answer.status, answer.readline())
        service.send("one@more.test")
        found: list[str] = []
        while len(found) < 2:
            line = answer.readline().decode()
            if line.startswith("event: "):
                found.append(line.split()[1])
    return found


class NoBroker:
    """In the place of a server that is not installed: tests/daemon/publisher/test_nats_sink.py says so."""

    settings = ""

    def holds(self, _: set[str]) -> bool:
        """Whether all is there that is to be."""
        return True

    def close(self) -> None:
        """End it."""


class Broker(NoBroker):
    """A stream of NATS."""

    def __init__(self, folder: Path) -> None:
        (folder / "password").write_text(nats_server.PASSWORD)
        self._server = nats_server.NatsServer(folder / "nats")
        self._server.start()
        self._server.add_stream("MAIL", "empath.*")
        self.settings = (
            f'[events.nats.stream_of_mail]\nurl = "{self._server.url}"\nuser = "{nats_server.USER}"\n'
            f'password_file = "{folder}/password"\ntypes = ["delivered"]\n'
        )

    def holds(self, people: set[str]) -> bool:
        """One event for each, in the order of their numbers, though the process that sends was killed."""
        found = [event for _, _, event in self._server.messages("MAIL")]
        numbers = [event["id"] for event in found]
        return {event["recipient"] for event in found} == people and numbers == sorted(set(numbers))

    def close(self) -> None:
        """End it."""
        self._server.stop()


def broker_of(folder: Path) -> NoBroker:
    """A broker, as far as this machine has one."""
    return NoBroker() if nats_server.PROGRAM is None else Broker(folder)


def test_each_event_arrives_whatever_dies(tmp_path):
    """
    At least once, with its number as the key, for each message in order. An endpoint that fails costs mail nothing, and
    neither does one that takes a connection and never answers: nobody waits for it, not even the end of the service.
    """
    port = free_port()
    refused = [answer(500)] * 2
    with (
        HttpServer(b"", *refused, answer(204)) as server,
        closing(broker_of(tmp_path)) as broker,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        service = Empathd(
            tmp_path / "service",
            f'[http]\naddress = "127.0.0.1:{port}"\n{UNWATCHED}[events]\nstream = true\n'
            '[events.files."log"]\npath = "events.jsonl"\ntypes = ["delivered"]\n'
            f'[events.webhooks."silent"]\nurl = "http://127.0.0.1:{silent.getsockname()[1]}/"\n'
            f'[events.webhooks."crm"]\nurl = "http://localhost:{server.port}/"\nbatch = 3\nretry = "10ms"\n'
            + broker.settings,
        )
        try:
            service.start()
            for number in range(3):
                service.send(f"u{number}@here.test")
            eventually(lambda: len(list(service.delivered())) == 3, "delivered")
            for generation in (2, 3):
                eventually(lambda: len(server.calls) > 2, "requests")
                os.kill(service.pid_of("publisher-1"), signal.SIGKILL)
                service.send(f"g{generation}@here.test")
                service.wait_for("process_ready", slot="publisher-1", generation=generation)

            def seen():
                """Types of events by message, in the order of their arrival."""
                found: dict[str, dict[int, str]] = {}
                for call in server.calls[3:]:
                    for event in json.loads(call.body)["events"]:
                        found.setdefault(event["recipient"], {}).setdefault(event["id"], event["type"])
                return {recipient: list(events.values()) for recipient, events in found.items()}

            people = {f"{name}@here.test" for name in ("u0", "u1", "u2", "g2", "g3")}
            eventually(lambda: seen() == {key: ["accepted", "delivered"] for key in people}, "all events")
            file = service.directory / "events.jsonl"
            eventually(
                lambda: {json.loads(line)["recipient"] for line in file.read_text().splitlines()} == people, "the file"
            )
            eventually(lambda: broker.holds(people), "the stream")
            assert ["accepted", "delivered"] == streamed(service, port)
            assert 0 == service.stop()
        finally:
            service.clean_up()
