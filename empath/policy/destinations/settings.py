"""
settings - what can be set for a destination

One attribute of DestinationSettings, one row of SETTINGS: the attribute, the key in `[destinations."pattern"]` of the
file, and the column `setting` of the view destination_rule have one name.  A row holds its value as text; the readers
here give the value that Empath works with, or say in one sentence what is wrong.  The trigger `_refuse_rule` in
sql/sqlite/control/destination.sql refuses at once what cannot be a value; a test holds both together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from empath.errors import SyntaxViolation
from empath.mail.identity import Timestamp
from empath.policy.destinations.hours import Hours
from empath.policy.instants import parse_instant
from empath.policy.limits.rate import Rate
from empath.policy.retry import Steps, parse_steps, steps_text
from empath.policy.routing import MaildirRoute, Route, parse_route, route_text
from empath.policy.sources import parse_pool_name
from empath.policy.tls_demand import MAY, TlsDemand
from empath.policy.units import delivery_rate_text, parse_delivery_rate

Without8BitMime = Literal["convert", "convert-or-send", "bounce"]

_MOST_CONNECTIONS: Final = 1_000_000
_NO_RATE: Final = "none"
_SESSION_SCHEMES: Final = ("smtp", "smtps", "lmtp")


@dataclass(frozen=True, slots=True)
class DestinationSettings:
    """
    What holds of one destination, with the built-in defaults.

    Shape: concurrency at least 1; retry has the delays between attempts, none for those of [retry]; rate is
    None for any number of messages; mail goes within the hours of schedule, and not before the instant not_before;
    source is the name of a pool of [sources], None where the system picks the address; overflow that of the pool for
    mail that the warm-up of the first has no room for today, None where it waits; verp gives each recipient a sender
    of its own.
    """

    concurrency: int = 20
    retry: Steps = ()
    without_8bitmime: Without8BitMime = "convert"
    tls: TlsDemand = MAY
    rate: Rate | None = None
    route: Route | None = None
    chunking: bool = False
    fold_lines: bool = False
    schedule: Hours | None = None
    not_before: Timestamp | None = None
    source: str | None = None
    overflow: str | None = None
    verp: bool = False


BUILT_IN: Final = DestinationSettings()


def _is_next_hop(name: str) -> bool:
    """Whether it is no domain; only that of an address literal has a colon."""
    return ":" in name and not name.startswith("[")


@dataclass(frozen=True, slots=True)
class Setting:
    """
    One setting.

    Shape: read takes text as a row has it, and raises SyntaxViolation; write gives text that read takes. kind and words
    are for docs/configuration.md; example is a value as text. kind_in_file is the kind of TOML value. is_of_recipient:
    found by the domain of each recipient; the others hold of connections, and are found by the destination alone.
    needs_domain: its patterns are domains. is_at_reception: it is read when mail comes, before the MX hosts are known.
    needs: it has no effect on next hops without a session of SMTP or LMTP, or
    without one over the network.
    """

    read: Callable[[str], Any]
    write: Callable[[Any], str]
    kind: str
    words: str
    example: str
    kind_in_file: Literal["text", "number", "flag"] = "text"
    is_of_recipient: bool = False
    needs_domain: bool = False
    is_at_reception: bool = False
    needs: Literal["session", "network"] | None = None

    def counts_for(self, destination: str) -> bool:
        """Whether it has an effect on mail to the destination of this name."""
        if not _is_next_hop(destination):
            return True
        scheme, _, place = destination.partition(":")
        if self.needs_domain or (self.needs is not None and scheme not in _SESSION_SCHEMES):
            return False
        return self.needs != "network" or not place.startswith("/")

    def refuse_pattern(self, pattern: str) -> None:
        """
        Raises:
            SyntaxViolation: the setting cannot have *pattern*: what that is made of comes later than the setting.
        """
        if self.needs_domain and _is_next_hop(pattern):
            raise SyntaxViolation(f"its pattern is a domain, *.domain or *, not {pattern!r}")
        if self.is_at_reception and pattern.startswith("mx:"):
            raise SyntaxViolation("its pattern names no MX hosts, which are not known when mail comes")


def _read_concurrency(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and 1 <= int(text) <= _MOST_CONNECTIONS):
        raise SyntaxViolation(f"concurrency is a whole number from 1 to {_MOST_CONNECTIONS}, not {text!r}")
    return int(text)


def _read_rate(text: str) -> Rate | None:
    return None if text == _NO_RATE else parse_delivery_rate(text)


def _read_flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise SyntaxViolation(f"must be true or false, not {text!r}")
    return text == "true"


def _flag_text(value: bool) -> str:
    return "true" if value else "false"


def _read_route(text: str) -> Route:
    route = parse_route(text)
    if isinstance(route, MaildirRoute) and not route.path.startswith("/"):
        raise SyntaxViolation(f"the path of a Maildir begins with a slash, not {text!r}")
    return route


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    """Reader of one of *words*."""

    def read(text: str) -> str:
        if text not in words:
            raise SyntaxViolation(f"must be {', '.join(words[:-1])} or {words[-1]}, not {text!r}")
        return text

    return read


SETTINGS: Final[Mapping[str, Setting]] = {
    "concurrency": Setting(
        read=_read_concurrency,
        write=str,
        kind="whole number",
        words="Connections at the same time, over all workers.",
        example="5",
        kind_in_file="number",
    ),
    "retry": Setting(
        read=parse_steps,
        write=steps_text,
        kind="durations",
        words=(
            'Delays between attempts, instead of those of [retry]. "1m 5m*2 1h*3" waits a minute after the first failed'
            " attempt, five after the next two, then an hour; the last one goes on until the lifetime is over. The"
            " jitter of [retry] applies."
        ),
        example="1m 5m*2 1h*3",
        is_of_recipient=True,
    ),
    "without_8bitmime": Setting(
        read=_one_of(get_args(Without8BitMime)),
        write=str,
        kind="one word",
        words=(
            'What a host without 8BITMIME gets of mail that is not all ASCII. "convert": its 8-bit parts as'
            " quoted-printable or base64; mail that cannot be converted, such as signed mail, bounces."
            ' "convert-or-send": such mail is sent as it is. "bounce": no conversion.'
        ),
        example="bounce",
        needs="session",
    ),
    "tls": Setting(
        read=TlsDemand.parse,
        write=str,
        kind="level of TLS",
        words=(
            'What is demanded of TLS. "none": mail goes in the clear. "may": TLS if the host offers it. "encrypt":'
            ' always TLS. "verify": and a certificate of a known authority for the host or the domain.'
            ' "fingerprint:SHA256:AB:CD:…": and this very certificate; several are divided by commas. "dane": as the'
            ' TLSA records of the host say, which needs [dns] dnssec. "sts": as the MTA-STS policy of the domain says.'
            ' "dane-or-sts": the first of the two that says something. Where neither does, it is as with "may".'
        ),
        example="verify",
        needs="network",
    ),
    "rate": Setting(
        read=_read_rate,
        write=lambda rate: _NO_RATE if rate is None else delivery_rate_text(rate),
        kind="rate",
        words=(
            'Most messages in a time, over all workers: "100/1m". A tenth of them may go out at once, or as many as'
            ' "100/1m burst 20" says. "none" for any number. Each destination has a rate of its own. With a pattern of'
            " MX hosts, all destinations behind them share one, in addition to what other patterns give a destination."
        ),
        example="100/1m burst 20",
    ),
    "route": Setting(
        read=_read_route,
        write=route_text,
        kind="route",
        words=(
            "Where mail to the domain goes, in place of what [routes] says of the same pattern. A more exact pattern of"
            " [routes] comes first, and so does an address there. The entries of a list have a comma and a blank"
            " between them."
        ),
        example="smtp://192.0.2.1:587, backup smtp://192.0.2.2:587",
        needs_domain=True,
    ),
    "chunking": Setting(
        read=_read_flag,
        write=_flag_text,
        kind="true or false",
        words=(
            "Whether content goes by BDAT (RFC 3030) to hosts that offer CHUNKING: no dots are doubled, and no host is"
            " asked before the content. Some filters on the way do not know it."
        ),
        example="true",
        kind_in_file="flag",
        needs="session",
    ),
    "fold_lines": Setting(
        read=_read_flag,
        write=_flag_text,
        kind="true or false",
        words=(
            "Whether lines over 998 octets are broken by a line end and a blank. Signed and encrypted mail is never"
            " changed. Each message is read once more for it. Without it such lines go out as they came in."
        ),
        example="true",
        kind_in_file="flag",
        needs="session",
    ),
    "schedule": Setting(
        read=Hours.parse,
        write=str,
        kind="hours",
        words=(
            'Hours at which mail goes there, in a time zone: "Mon-Fri 08:00-12:00, 13:00-18:00, Sat 09:00-12:00'
            ' Europe/Berlin". Outside them the destination is suspended until the next ones begin. "00:00-24:00" is'
            " always."
        ),
        example="Mon-Fri 08:00-18:00 Europe/Berlin",
    ),
    "not_before": Setting(
        read=parse_instant,
        write=lambda instant: Timestamp(instant).iso8601(),
        kind="instant",
        words='No mail goes there before this instant, such as "2026-12-01 08:00", in UTC.',
        example="2026-12-01T08:00:00Z",
    ),
    "source": Setting(
        read=parse_pool_name,
        write=str,
        kind="name",
        words="Pool of [sources] from whose addresses connections go out. Without it the system picks the address.",
        example="pool-a",
        needs="network",
    ),
    "overflow": Setting(
        read=parse_pool_name,
        write=str,
        kind="name",
        words=(
            "Pool of [sources] for mail that the warm-up of the addresses of `source` has no room for today. Without it"
            " such mail waits for the next day."
        ),
        example="pool-b",
        needs="network",
    ),
    "verp": Setting(
        read=_read_flag,
        write=_flag_text,
        kind="true or false",
        words=(
            "Whether mail of users that goes there gets a sender for each recipient, of the domain of [verp], besides"
            " that of the accounts there. It is decided when mail comes in. Mail within the own domains keeps its"
            " sender. The pattern names no MX hosts."
        ),
        example="true",
        kind_in_file="flag",
        is_of_recipient=True,
        is_at_reception=True,
        needs="session",
    ),
}
