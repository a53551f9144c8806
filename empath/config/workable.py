"""
workable - settings that are each valid but cannot work together
"""

from empath.config.model import Config
from empath.mail.domain import Domain


def contradictions(config: Config) -> list[str]:
    """One line for each setting that cannot work, empty if there is none. Checks the directory of the log file."""
    found = []
    for pattern in config.relay.domains:
        domain = Domain(pattern.text.replace("*", "any", 1))
        if config.routes.find(domain) is None:
            found.append(f"relay.domains: {pattern.text} has no route, so mail to it is refused; add one to [routes]")
    if config.log.file is not None and not config.log.file.parent.is_dir():
        found.append(f"log.file: there is no directory {config.log.file.parent}; create it for the user of the process")
    return found
