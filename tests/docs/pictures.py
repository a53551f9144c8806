"""
pictures - makes the pictures of the console in docs/

It runs a service with mail in several states, and takes pictures of its pages.
"""

import json
import sys
import tempfile
import urllib.request
from functools import partial
from pathlib import Path

from tests.kit.browser import browse
from tests.kit.process import Empathd, free_port
from tests.kit.queue import select, write
from tests.kit.waiting import DEADLINE_S, eventually

_PICTURES = {  # path of the page and size of the window, by the name of the picture; {} is a recipient that waits
    "overview": ("", "1100,1080"),
    "message": ("/message/{}", "1100,760"),
    "queue": ("/queue", "1100,640"),
    "events": ("/events", "1100,430"),
    "queue-narrow": ("/queue", "360,900"),
}

_EVENTS = """\
[events.files."archive"]
path = "events.jsonl"
types = ["delivered", "bounced"]
[events.webhooks."shop"]
url = "http://localhost:{}/mail-events"
"""  # nobody is at that port


def _has_points(address: str, count: int) -> bool:
    """Whether the charts have some points."""
    with urllib.request.urlopen(f"{address}/series", timeout=DEADLINE_S) as answer:
        return len(json.load(answer)["at"]) >= count


def _take(service: Empathd, address: str, directory: Path, target: Path) -> None:
    for number in range(1, 8):
        service.send(f"ann{number}@here.test", b"Subject: Minutes of the meeting\r\n\r\nHi\r\n")
    for number in range(1, 4):
        service.send(f"bob{number}@later.test", b"Subject: Order 1234\r\n\r\nHi\r\n")
    eventually(lambda: select(service.queue, "SELECT 1 FROM queue WHERE attempts > 0"), "an attempt")
    write(service.queue, "UPDATE queue SET status = 'held' WHERE recipient = 'bob2@later.test'")
    for count in (1, 2, 3):
        service.send(f"cat{count}@here.test")
        eventually(partial(_has_points, address, count), "a point to draw")
    wanted = "SELECT 1 FROM consumer WHERE last_error IS NOT NULL"
    eventually(lambda: select(service.queue, wanted), "a consumer that fails")
    [(number,)] = select(service.queue, "SELECT recipient_id FROM queue WHERE status <> 'held' LIMIT 1")
    for name, (place, size) in _PICTURES.items():
        file = target / f"console-{name}.png"
        browse(address + place.format(number), directory, f"--window-size={size}", f"--screenshot={file}")


def main(target: Path) -> None:
    """Make them in *target*."""
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        directory, port = Path(name), free_port()
        service = Empathd(directory / "service")
        down = f'"later.test" = "smtp://127.0.0.1:{free_port()}"\n"*" = "maildir:mail"'
        service.configure(
            f'[http]\naddress = "127.0.0.1:{port}"\nopen_console = true\n' + _EVENTS.format(free_port()), routes=down
        )
        try:
            _take(service.start(), f"http://127.0.0.1:{port}/console", directory, target)
        finally:
            service.clean_up()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
