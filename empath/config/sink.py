"""
sink - a configuration by which a copy of the queue runs, and nothing leaves the host

It has what decides about mail that waits: routes, rules of destinations, retries, rates, reports.  All that listens,
asks or tells others is left out, so that the copy can run next to the queue that it was made from.
"""

from typing import Any, Final

from empath.config.effective import settings, toml_of
from empath.config.model import Config

_KEPT: Final = (
    *("hostname", "postmaster", "node", "routes", "sender_routes", "account_routes", "pipes", "sources", "warmup"),
    *("webhooks", "delivery", "retry", "destinations", "senders", "reports", "tls", "dns", "suppression", "shaping"),
    *("retention", "audit"),
)


def sink_toml(config: Config, port: int) -> str:
    """
    The file, for a queue in its directory, with a listener on *port* of 127.0.0.1. It has the secrets of the tables.
    """
    found: dict[str, Any] = {name: value for name, value in settings(config).items() if name in _KEPT}
    found["delivery"] = {**found["delivery"], "sink": True}
    found["queue"] = {"path": "queue.db"}
    found["log"] = {"file": "empath.log"}
    found["listener"] = [{"address": f"127.0.0.1:{port}", "role": "internal"}]
    return toml_of(found)
