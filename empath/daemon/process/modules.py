"""modules - the modules that a configuration names: how they are to be loaded, and what is wrong with them"""

from collections.abc import Iterator

from empath.config.model import Config
from empath.config.workable.contradiction import Contradiction
from empath.errors import ConfigError
from empath.modules.loading import WantedModule, load_module


def wanted_modules(config: Config) -> list[WantedModule]:
    """The entries of [modules], in their order."""
    return [
        WantedModule(name, each.deadline_s, each.on_failure == "451", each.own_settings)
        for name, each in config.modules.items()
    ]


def wrong_modules(config: Config) -> Iterator[Contradiction]:
    """Import each module in this process; the entries that cannot be used."""
    backends = config.auth.backends if any(listener.has_auth for listener in config.listeners) else ()
    for wanted in wanted_modules(config):
        try:
            module = load_module(wanted)
            if f"module:{wanted.name}" in backends:
                module.login_backend()
        except ConfigError as exc:
            yield Contradiction(("modules", wanted.name), str(exc))
