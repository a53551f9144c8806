"""
brokers - what keeps the brokers of [events] from being used on this machine
"""

from collections.abc import Iterator
from importlib.util import find_spec

from empath.config.model import Config
from empath.config.places import Account, obstacle_to_file
from empath.config.workable.contradiction import Contradiction


def unusable_brokers(config: Config) -> Iterator[Contradiction]:
    """The tables whose library is missing, or whose files the processes cannot read."""
    account = Account.find(config.process.user)
    for kind, name, broker in config.events.each_broker():
        keys = ("events", kind, name)
        if not _is_installed(broker.package):
            words = f"the package {broker.extra} is not installed; `pip install empath-mta[{broker.extra}]` does that"
            yield Contradiction(keys, words)
        for key, file in broker.files.items():
            if file is not None and account is not None and (obstacle := obstacle_to_file(file, account)):
                yield Contradiction((*keys, key), obstacle)


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False
