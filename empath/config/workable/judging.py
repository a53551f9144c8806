"""judging - what is found out about a message and done to it, where the settings cannot work together"""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from empath.config.fields import PICKUP
from empath.config.hosts import endpoints, is_bound_by
from empath.config.model import Config
from empath.config.places import Account, closed_folder, may_be_a_directory
from empath.config.workable.contradiction import Contradiction
from empath.mail.endpoint import UnixSocket
from empath.policy.access import Role

_CONNECT: Final = 0o2  # what a client of a UNIX socket needs


def judging(config: Config) -> Iterator[Contradiction]:
    """What cannot work of the judgement of mail, of filters, and of what is changed in it."""
    yield from _authentication(config)
    yield from _forwarding(config)
    yield from _milters(config)
    yield from _arc(config)
    yield from _complaints(config)


def _authentication(config: Config) -> Iterator[Contradiction]:
    """Listeners that would judge what they cannot know, or whose judgement leads nowhere."""
    for index, listener in enumerate(config.listeners):
        wanted, keys = listener.authentication, ("listener", index, "authentication")
        if wanted.is_on and listener.role is not Role.MX:
            yield Contradiction(keys, f"mail is judged on role mx only, and {listener.text} is {listener.role}")
        elif wanted.dmarc not in ("none", "tag") and not (wanted.spf and wanted.dkim):
            words = f"{wanted.dmarc} needs spf and dkim: with one of them alone DMARC finds honest mail to be false"
            yield Contradiction((*keys, "dmarc"), words)
        elif wanted.dmarc == "quarantine-route" and config.authentication.quarantine_route is None:
            yield Contradiction((*keys, "dmarc"), "there is no quarantine_route in [authentication]")


def _forwarding(config: Config) -> Iterator[Contradiction]:
    """Half of [srs] or [verp], and a domain that is there for two things."""
    for name, table in (("srs", config.srs), ("verp", config.verp)):
        if table.domain is None and table.secrets_file is not None:
            yield Contradiction((name, "secrets_file"), "needs domain, that of the new senders")
        if table.domain is not None and table.secrets_file is None:
            yield Contradiction((name, "domain"), "needs secrets_file")
    if config.verp.domain is None:
        if config.verp.accounts:
            yield Contradiction(("verp", "accounts"), "needs domain, that of the new senders")
        return
    others = {config.srs.domain: "the one of [srs]", config.hostname: "the hostname"}
    words = others.get(config.verp.domain)
    if words is None and config.relay.policy.is_relay_domain(config.verp.domain):
        words = "in domains of [relay]"
    if words is not None:
        yield Contradiction(("verp", "domain"), f"is {words}; it needs a domain for nothing else")


def _milters(config: Config) -> Iterator[Contradiction]:
    """Filters that cannot be where the file says, and listeners of them that there are not."""
    account = Account.find(config.process.user)
    known = {*(listener.text for listener in config.listeners), *Role, PICKUP}
    for index, milter in enumerate(config.milters):
        keys = ("milter", index)
        if isinstance(milter.address, UnixSocket):
            if words := _obstacle_to_filter(Path(milter.address.path), account):
                yield Contradiction((*keys, "address"), words)
        elif any(is_bound_by(endpoint, milter.address) for endpoint in endpoints(config)):
            words = f"{milter.address} is a listener of this server, which speaks SMTP and not the milter protocol"
            yield Contradiction((*keys, "address"), words)
        for place, name in enumerate(milter.listeners):
            if name not in known:
                yield Contradiction((*keys, "listeners", place), f"there is no listener {name}")
        if not any(milter.is_for(listener.role, listener.text) for listener in config.listeners) and not (
            PICKUP in milter.listeners and config.pickup.directory is not None
        ):
            words = "no listener has this role or address, so the filter sees no mail"
            yield Contradiction((*keys, "listeners"), words, is_warning=True)


def _obstacle_to_filter(path: Path, account: Account | None) -> str:
    """Why the processes cannot connect to the socket *path*; empty if they may. A filter may make it later."""
    if not may_be_a_directory(path.parent):
        return f"there is no directory {path.parent}; start the filter first, or correct the path"
    closed = None if account is None else closed_folder(path.parent, account)
    if account is not None and closed is not None:
        return f"user {account.name} may not enter {closed}; make it a member of the group of the filter"
    try:
        status = path.lstat()
    except OSError:
        return ""
    if not stat.S_ISSOCK(status.st_mode):
        return f"{path} is there and is not a socket; name that of the filter"
    if account is not None and not account.may(_CONNECT, status):
        return f"user {account.name} may not write to {path}; make it a member of the group of the filter"
    return ""


def _complaints(config: Config) -> Iterator[Contradiction]:
    """An address whose mail would be read as two kinds of reports."""
    for name, table in (("dmarc_reports", config.dmarc_reports), ("tls_reports", config.tls_reports)):
        if config.feedback.address is not None and config.feedback.address in table.receive:
            yield Contradiction(("feedback", "address"), f"is in receive of [{name}]; it needs an address of its own")


def _arc(config: Config) -> Iterator[Contradiction]:
    """What [arc] says about seals that no domain makes."""
    arc = config.arc
    for key, is_set in (("selector", arc.selector is not None), ("seal", arc.seal != "forwarded")):
        if is_set and arc.domain is None:
            yield Contradiction(("arc", key), "needs domain, that of the seals")
