"""
fields - the kinds of single value that a setting can have

Each kind reads one TOML value into the type that the rest of Empath uses, and writes its type as a TOML value that it
can read again.
"""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import Field, PlainSerializer, PlainValidator, Strict, ValidationInfo

from empath.config.reading import AS_TEXT, absolute_path, as_text, kind_of, problem, read_by
from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.mail.domain import Domain
from empath.mail.endpoint import MAX_SOCKET_PATH_OCTETS, Endpoint, UnixSocket, host_and_port
from empath.mail.identity import Timestamp
from empath.mail.syslog import SyslogServer
from empath.mail.url import parse_broker_url, parse_secure_url, parse_url
from empath.policy.access import Network, Role
from empath.policy.events.filter import parse_party, parse_type
from empath.policy.instants import parse_instant
from empath.policy.limits.rate import Rate
from empath.policy.pattern import DomainPattern
from empath.policy.program import check_arguments
from empath.policy.replies.bounce_class import parse_class
from empath.policy.routing import (
    TRANSPORT_NAME,
    SmtpRoute,
    parse_route,
)
from empath.policy.sources import SourceAddress, parse_address
from empath.policy.units import (
    delivery_rate_text,
    duration_text,
    octets_per_second_text,
    parse_delivery_rate,
    parse_duration,
    parse_octets_per_second,
    parse_rate,
    parse_size,
    rate_text,
    size_text,
)
from empath.policy.warmup import Days, days_text, parse_days, parse_provider
from empath.smtp.sasl.client import CLIENT_MECHANISMS
from empath.smtp.sasl.mechanisms import Mechanism


def _path(value: object, info: ValidationInfo) -> Path:
    return Path(absolute_path(as_text(value), info))


def _listen_address(value: object, info: ValidationInfo) -> Endpoint | UnixSocket:
    text = as_text(value)
    if not text.startswith("unix:"):
        try:
            return Endpoint.parse(text)
        except SyntaxViolation as exc:
            raise problem(str(exc)) from exc
    path = absolute_path(text.removeprefix("unix:"), info)
    if len(path.encode()) > MAX_SOCKET_PATH_OCTETS:
        raise problem(f"the path of a UNIX socket has at most {MAX_SOCKET_PATH_OCTETS} octets: {path!r}")
    return UnixSocket(path)


def _milter_address(value: object, info: ValidationInfo) -> Endpoint | UnixSocket:
    text = as_text(value)
    for prefix, path in (("local:", "unix:"), ("inet6:", ""), ("inet:", "")):  # words of sendmail.mc and main.cf
        if text.startswith(prefix):
            text = path + text.removeprefix(prefix)
            break
    else:
        if not text.startswith("unix:"):
            raise problem(f'not the address of a filter: {text!r} (use e.g. "inet:127.0.0.1:11332", "unix:/path")')
    port, at, host = text.partition("@")
    if at:  # port@host, as sendmail.mc has it
        text = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return _listen_address(text.replace("localhost:", "127.0.0.1:", 1), info)


def _written_milter_address(address: Endpoint | UnixSocket) -> str:
    return f"inet:{address}" if isinstance(address, Endpoint) else str(address)


def _milter_listener(text: str) -> str:
    if text in (*Role, PICKUP):
        return text
    try:
        return text if text.startswith("unix:/") else str(Endpoint.parse(text))
    except SyntaxViolation as exc:
        words = "mx, submission, internal, pickup, or the address of a listener"
        raise SyntaxViolation(f"not a listener: {text!r} (use {words})") from exc


def _parse_file_mode(text: str) -> int:
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise SyntaxViolation(f'not a file mode: {text!r} (use e.g. "0660")')
    return int(text, 8)


def _file_mode_text(mode: int) -> str:
    return f"{mode:04o}"


def _parse_wait(text: str) -> float:
    seconds = parse_duration(text)
    if not seconds:
        raise SyntaxViolation(f"must be longer than {text!r}")
    return seconds


def _any_network(text: str) -> Network:
    try:
        network = ipaddress.ip_network(text)
    except ValueError as exc:
        try:
            meant = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise SyntaxViolation(f'not a network: {text!r} (use e.g. "192.0.2.0/24", "2001:db8::/32")') from exc
        raise SyntaxViolation(f"not a network: {text!r} has bits beyond its prefix (did you mean {meant}?)") from exc
    return network


def _network_but(whole: str) -> Callable[[str], Network]:
    """Reader of a network that is not the whole Internet; *whole* says why."""

    def read(text: str) -> Network:
        network = _any_network(text)
        if network.prefixlen == 0:
            raise SyntaxViolation(f"{text!r} is the whole Internet, {whole}")
        return network

    return read


def _own_host(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return str(Domain.parse(text))


_BACKEND = re.compile(r"accounts|dovecot:/.+|module:[\w.]+|oidc:(https?://.+)")


def _backend(text: str) -> str:
    match = _BACKEND.fullmatch(text)
    if match is None or not text.isprintable() or " " in text or not (match[1] is None or _is_endpoint(match[1])):
        raise SyntaxViolation(
            f'not a back end: {text!r} (use "accounts", "dovecot:/path", "oidc:https://host/path" or "module:name")'
        )
    return text


def _is_endpoint(url: str) -> bool:
    """Whether a token may be sent to *url*: in the clear only to this host."""
    try:
        parse_secure_url(url)
    except SyntaxViolation:
        return False
    return True


def _secure_url(text: str) -> str:
    parse_secure_url(text)
    return text


def _http_url(text: str) -> str:
    parse_url(text)
    return text


_KAFKA_MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")


def _broker_url(secure: str, clear: str, *, has_path: bool = False) -> Callable[[str], str]:
    """Reader of the URL of a message broker, by its schemes with and without TLS."""

    def read(text: str) -> str:
        parts = parse_broker_url(text, secure, clear)
        if not has_path and parts.path not in ("", "/"):
            raise SyntaxViolation(f"{text!r} has a path; leave it out")
        return text

    return read


def _broker_server(text: str) -> str:
    words = f'not a host and port: {text!r} (use e.g. "kafka.example.net:9093")'
    try:
        parts = parse_broker_url(f"tls://{text}", "tls", "tls")
    except SyntaxViolation as exc:
        raise SyntaxViolation(words) from exc
    if parts.port is None or parts.path:
        raise SyntaxViolation(words)
    return text


def _kafka_mechanism(text: str) -> str:
    if text not in _KAFKA_MECHANISMS:
        raise SyntaxViolation(f"not a mechanism of Kafka: {text!r} ({', '.join(_KAFKA_MECHANISMS)})")
    return text


def _attribute_key(text: str) -> str:
    if _ATTRIBUTE_KEY.fullmatch(text) is None:
        raise SyntaxViolation(f"not the name of an attribute: {text!r} (use words such as deployment.environment.name)")
    return text


def pattern_but_all(consequence: str) -> Callable[[str], DomainPattern]:
    """Reads a pattern, but for the one of all domains, whose *consequence* the finding says."""

    def read(text: str) -> DomainPattern:
        pattern = DomainPattern.parse(text)
        if pattern.text == "*":
            raise SyntaxViolation(f"'*' is every domain{consequence}")
        return pattern

    return read


def _certificate_name(text: str) -> DomainPattern:
    if text == "*":
        raise SyntaxViolation("'*' is every name; the certificate of [tls] is for those that no other is for")
    return DomainPattern.parse(text)


def _credentials_host(text: str) -> str:
    """A host, as a route names it, in the form that the route has once it was read."""
    try:
        route = parse_route(f"smtp://{text}")
    except SyntaxViolation as exc:
        raise SyntaxViolation(f"not a host, or a host and a port: {text!r}") from exc
    assert isinstance(route, SmtpRoute)
    has_port = text.rpartition(":")[2].isdigit() and (":" not in route.host or "]:" in text)
    return host_and_port(route.host, route.port) if has_port else route.host


def _client_mechanism(text: str) -> Mechanism:
    if text not in CLIENT_MECHANISMS:
        raise SyntaxViolation(f"not a mechanism of a client: {text!r} ({', '.join(CLIENT_MECHANISMS)})")
    return Mechanism(text)


def _command(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise problem(f"must be a list of the program and its arguments, not {kind_of(value)}")
    arguments = tuple(map(as_text, value))
    try:
        check_arguments(arguments)
    except SyntaxViolation as exc:
        raise problem(str(exc)) from exc
    return arguments


def _transport_name(text: str) -> str:
    if not TRANSPORT_NAME.fullmatch(text):
        raise SyntaxViolation(f"not a name: {text!r} (use letters, digits, dots, dashes and underscores)")
    return text


def parse_selector(text: str) -> str:
    """
    A selector in lower case, RFC 6376 §3.1.

    Raises:
        SyntaxViolation: it is none.
    """
    name = text.lower()
    if not _SELECTOR.fullmatch(name):
        raise SyntaxViolation(f'not a selector: {text!r} (use letters, digits, dots and dashes, such as "s2026")')
    return name


def _one_line(text: str) -> str:
    if not text.isprintable() or not 0 < len(text) <= _LONGEST_LINE:
        raise SyntaxViolation(f"must be 1 to {_LONGEST_LINE} characters in one line")
    return text


def _forbidden_command(text: str) -> str:
    word = text.upper()
    if not _COMMAND.fullmatch(word):
        raise SyntaxViolation(f"not the first word of a command: {text!r}")
    if word in _NEEDED_COMMANDS:
        raise SyntaxViolation(f"{word} cannot be forbidden: no mail would come in without it")
    return word


_LONGEST_LINE = 200
_SELECTOR = re.compile(
    r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)  # RFC 6376 §3.1
_ATTRIBUTE_KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_COMMAND = re.compile(r"[A-Z][A-Z0-9_-]{0,31}")
_NEEDED_COMMANDS = ("EHLO", "HELO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "QUIT", "STARTTLS", "AUTH")


def _module_name(text: str) -> str:
    if not all(part.isidentifier() for part in text.split(".")):
        raise SyntaxViolation(f'not the name of a Python module: {text!r} (use e.g. "my_package.my_module")')
    return text


PICKUP = "pickup"  # the listener of mail that local programs leave
Text = Annotated[str, Field(min_length=1, pattern=r"^[!-~]+$")]
OneLine = Annotated[str, read_by(_one_line)]
Seconds = Annotated[float, read_by(parse_duration), PlainSerializer(duration_text)]
Wait = Annotated[float, read_by(_parse_wait), PlainSerializer(duration_text)]
Octets = Annotated[int, read_by(parse_size), PlainSerializer(size_text)]
OctetsPerSecond = Annotated[int, read_by(parse_octets_per_second), PlainSerializer(octets_per_second_text)]
RateLimit = Annotated[Rate, read_by(parse_rate), PlainSerializer(rate_text)]
Count = Annotated[int, Strict(), Field(ge=1, le=1_000_000)]
Rows = Annotated[int, Strict(), Field(ge=1, le=100_000_000)]  # of a file of their own
Standbys = Annotated[int, Strict(), Field(ge=0, le=100)]
Share = Annotated[float, Strict(), Field(ge=0, le=1, allow_inf_nan=False)]
ConfigPath = Annotated[Path, PlainValidator(_path), AS_TEXT]
HostName = Annotated[Domain, read_by(Domain.parse), AS_TEXT]
NodeName = Annotated[str, read_by(lambda text: str(Domain.parse(text)))]
Mailbox = Annotated[Address, read_by(Address.parse), AS_TEXT]
ListenAddress = Annotated[Endpoint | UnixSocket, PlainValidator(_listen_address), AS_TEXT]
MilterAddress = Annotated[
    Endpoint | UnixSocket, PlainValidator(_milter_address), PlainSerializer(_written_milter_address)
]
MilterListener = Annotated[str, read_by(_milter_listener)]
FileMode = Annotated[int, read_by(_parse_file_mode), PlainSerializer(_file_mode_text, return_type=str)]
Nameserver = Annotated[Endpoint, read_by(lambda text: Endpoint.parse(text, default_port=53)), AS_TEXT]
LogServer = Annotated[SyslogServer, read_by(SyslogServer.parse), AS_TEXT]
TrustedNetwork = Annotated[Network, read_by(_network_but("which would make this an open relay")), AS_TEXT]
TracingNetwork = Annotated[Network, read_by(_network_but("so that anyone would choose what is traced")), AS_TEXT]
ProxyNetwork = Annotated[
    Network, read_by(_network_but("and any client there could take the address of another")), AS_TEXT
]
AllowedNetwork = Annotated[Network, read_by(_any_network), AS_TEXT]
ModuleName = Annotated[str, read_by(_module_name)]
BackendName = Annotated[str, read_by(_backend)]
BounceClassName = Annotated[str, read_by(lambda text: str(parse_class(text)))]
SourceEntry = Annotated[SourceAddress, read_by(SourceAddress.parse), AS_TEXT]
SourceIp = Annotated[str, read_by(parse_address)]
WarmupProvider = Annotated[str, read_by(parse_provider)]
WarmupDays = Annotated[Days, read_by(parse_days), PlainSerializer(days_text)]
Instant = Annotated[Timestamp, read_by(parse_instant), PlainSerializer(lambda instant: Timestamp(instant).iso8601())]
OwnHost = Annotated[str, read_by(_own_host)]
RelayDomain = Annotated[DomainPattern, read_by(pattern_but_all(", which would make this an open relay")), AS_TEXT]
CertificateName = Annotated[DomainPattern, read_by(_certificate_name), AS_TEXT]
DeliveryRate = Annotated[Rate, read_by(parse_delivery_rate), PlainSerializer(delivery_rate_text)]
HttpUrl = Annotated[str, read_by(_http_url)]
AttributeKey = Annotated[str, read_by(_attribute_key)]
SecureUrl = Annotated[str, read_by(_secure_url)]
AmqpUrl = Annotated[str, read_by(_broker_url("amqps", "amqp", has_path=True))]
NatsUrl = Annotated[str, read_by(_broker_url("tls", "nats"))]
Exchange = Annotated[str, Field(max_length=255, pattern=r"^[!-~]*$")]
KafkaMechanism = Annotated[str, read_by(_kafka_mechanism)]
BrokerServer = Annotated[str, read_by(_broker_server)]
EventType = Annotated[str, read_by(parse_type)]
EventParty = Annotated[str, read_by(parse_party)]
Command = Annotated[tuple[str, ...], PlainValidator(_command), PlainSerializer(list, return_type=list[str])]
CredentialsHost = Annotated[str, read_by(_credentials_host)]
ClientMechanism = Annotated[Mechanism, read_by(_client_mechanism), AS_TEXT]
TransportName = Annotated[str, read_by(_transport_name)]
CommandWord = Annotated[str, read_by(_forbidden_command)]
SigningDomain = Annotated[str, read_by(lambda text: str(Domain.parse(text)))]
Selector = Annotated[str, read_by(parse_selector)]
