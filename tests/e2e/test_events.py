"""Events of a real service reach an endpoint and a file, across the deaths of the process that sends them."""

import json
import os
import signal

from tests.kit.http_server import HttpServer, answer
from tests.kit.process import Empathd
from tests.kit.waiting import eventually


def test_each_event_arrives_whatever_dies(tmp_path):
    """
    At least once, with its number as the key, for each message in order. An endpoint that fails costs mail nothing.
    """
    refused = [answer(500)] * 2
    with HttpServer(b"", *refused, answer(204)) as server:
        service = Empathd(
            tmp_path / "service",
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
            assert 0 == service.stop()
        finally:
            service.clean_up()
