"""scrape - the metrics of six processes that have had mail for a thousand destinations"""

import http.client
import smtplib
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from ..depth.served import Deep, DeepEmpath
from ..depth.verdicts import at_most, least_s, shown
from ..floors import Verdict
from ..machine import LOOPBACK, BenchFailure, free_port, wait_for
from ..server import Setup, running

DESTINATIONS: Final = 1000
SCRAPE_S: Final = 0.05
_RECIPIENTS: Final = 100  # of a message
_TRIES: Final = 20


def scrape(tree: Path, scratch: Path) -> list[Verdict]:
    """Mail for as many domains whose name server is not there is deferred; then the metrics are asked for."""
    tables = f'[dns]\nnameservers = ["{LOOPBACK}:{free_port()}"]\ntimeout = "200ms"\n'
    deep = Deep(tree, workers=3, routes='"*.example" = "mx"\n', tables=tables)
    with running(deep, "scrape", scratch, Setup(free_port(), extra="console")) as server:
        assert isinstance(server, DeepEmpath)
        with smtplib.SMTP(LOOPBACK, server.port, timeout=30) as client:
            for first in range(0, DESTINATIONS, _RECIPIENTS):
                names = [f"user@d{number:04}.example" for number in range(first, first + _RECIPIENTS)]
                client.sendmail("sender@bench.example", names, b"Subject: test\r\n\r\ntest\r\n")
        tried = "SELECT count(DISTINCT destination_id) FROM _recipient WHERE attempts > 0"
        wait_for(lambda: server.rows(tried)[0][0] == DESTINATIONS, 120, "an attempt for each destination", 0.2)
        with closing(http.client.HTTPConnection(LOOPBACK, server.http_port, timeout=30)) as connection:
            seconds = least_s(_TRIES, partial(_get, connection))
            text = _get(connection)
        processes = text.count("empath_process_start_time_seconds{")
    name = f"{DESTINATIONS:,} destinations"
    return [
        at_most(name, "/metrics, s", seconds, SCRAPE_S),
        shown(name, "series of destinations", text.count("empath_destination_attempts_total{")),
        shown(name, "processes", processes),
        shown(name, "octets", len(text)),
    ]


def _get(connection: http.client.HTTPConnection) -> str:
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    text = answer.read().decode()
    if answer.status != http.client.OK:
        raise BenchFailure(f"/metrics: {answer.status} {text[:300]}")
    return text
