"""check - all that is looked at in a whole configuration"""

from collections.abc import Iterator

from empath.config.model import Config
from empath.config.renamed import named, new_name
from empath.config.workable.brokers import unusable_brokers
from empath.config.workable.contradiction import Contradiction
from empath.config.workable.delivering import delivering
from empath.config.workable.judging import judging
from empath.config.workable.listening import listening
from empath.config.workable.machine import machine
from empath.config.workable.server_queue import unbuilt_settings
from empath.config.workable.tracing import unusable_tracing


def contradictions(config: Config) -> list[Contradiction]:
    """The settings that cannot work; empty if all can. It looks at the users and directories of this machine."""
    return [
        *listening(config), *delivering(config), *judging(config), *machine(config), *unusable_tracing(config),
        *unusable_brokers(config), *unbuilt_settings(config), *old_names(config),
    ]  # fmt: skip


def old_names(config: Config) -> Iterator[Contradiction]:
    """Keys that have another name now."""
    for old in config.old_names:
        words = f"is now {named(new_name(old) or old)}; the next version will not read the old name"
        yield Contradiction(old, words, is_warning=True)
