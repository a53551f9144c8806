"""Events of a real service reach an endpoint and a file, across the deaths of the process that sends them."""

import http.client
import json
import os
import signal
from contextlib import closing

from tests.cli.admin.kit import run
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


def test_each_event_arrives_whatever_dies(tmp_path):
    """
    At least once, with its number as the key, for each message in order. An endpoint that fails costs mail nothing.
    """
    port = free_port()
    refused = [answer(500)] * 2
    with HttpServer(b"", *refused, answer(204)) as server:
        service = Empathd(
            tmp_path / "service",
            f'[http]\naddress = "127.0.0.1:{port}"\n{UNWATCHED}[events]\nstream = true\n'
            '[events.files."log"]\npath = "events.jsonl"\ntypes = ["delivered"]\n'
            f'[events.webhooks."crm"]\nurl = "http://localhost:{server.port}/"\nbatch = 3\nretry = "10ms"\n',
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
            assert ["accepted", "delivered"] == streamed(service, port)
            assert 0 == service.stop()
        finally:
            service.clean_up()
