"""
next_hop_files - whether what the file names for next hops can be used: certificates, logins, keys, source addresses

`check` and `doctor` ask; it reads files and asks the kernel.
"""

from collections.abc import Iterator
from pathlib import Path

from empath.config.keys import KeyPath
from empath.config.model import Config
from empath.config.tables.events import EventWebhook
from empath.config.tables.transports import Webhook
from empath.config.workable.contradiction import Contradiction
from empath.daemon.process.client_access import examine_client_access
from empath.net.http_client import has_authorities
from empath.net.interfaces import has_address


def examine_next_hops(config: Config) -> list[Contradiction]:
    """What cannot be used; a warning where this user may not look, or where the machine may change."""
    return [
        *examine_client_access(config),
        *_webhooks(config),
        *_brokers(config),
        *_collector(config),
        *_sources(config),
    ]


def _webhooks(config: Config) -> Iterator[Contradiction]:
    """
    Keys and authorities of [webhooks] and [events.webhooks] that are not such files.

    Whether they can be read is another finding.
    """
    hooks: dict[KeyPath, Webhook | EventWebhook] = {
        **{("webhooks", name): each for name, each in config.webhooks.items()},
        **{("events", "webhooks", name): each for name, each in config.events.webhooks.items()},
    }
    for keys, hook in hooks.items():
        if hook.secret_file is not None and _octets(hook.secret_file).strip() == b"":
            yield Contradiction((*keys, "secret_file"), f"{hook.secret_file} is empty, so no request can be signed")
        if hook.ca_file is not None and not has_authorities(hook.ca_file):
            yield Contradiction((*keys, "ca_file"), f"{hook.ca_file}: has no certificates in PEM form")


def _brokers(config: Config) -> Iterator[Contradiction]:
    """Passwords and authorities of brokers of [events] that are none."""
    for kind, name, broker in config.events.each_broker():
        for key, file in broker.files.items():
            if key == "ca_file" and file is not None and not has_authorities(file):
                yield Contradiction(("events", kind, name, key), f"{file}: has no certificates in PEM form")
            elif key != "ca_file" and file is not None and _octets(file).strip() == b"":
                yield Contradiction(("events", kind, name, key), f"{file} is empty")


def _collector(config: Config) -> Iterator[Contradiction]:
    """Authorities of the collector of traces that are none: no trace would arrive."""
    file = config.tracing.ca_file if config.tracing.is_on else None
    if file is not None and not has_authorities(file):
        yield Contradiction(("tracing", "ca_file"), f"{file}: has no certificates in PEM form")


def _octets(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b"-"


def _sources(config: Config) -> Iterator[Contradiction]:
    """Addresses that a failover may bring later."""
    for name, source in config.sources.items():
        for index, member in enumerate(source.addresses):
            if not has_address(member.address):
                words = f"this machine does not have {member.address}, so connections from it fail"
                yield Contradiction(("sources", name, "addresses", index), words, is_warning=True)
