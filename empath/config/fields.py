"""
fields - the kinds of value that a setting can have

Each kind reads one TOML value into the type that the rest of Empath uses, and describes a mistake in words.  It coerces
nothing: "20" is not a number and 1 is not text.  Each kind also writes its type as a TOML value that it can read again.
"""

import difflib
import ipaddress
import os.path
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator, Strict, ValidationInfo
from pydantic_core import PydanticCustomError

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.mail.domain import Domain
from empath.mail.endpoint import MAX_SOCKET_PATH_OCTETS, Endpoint, UnixSocket, host_and_port
from empath.mail.identity import Timestamp
from empath.mail.url import parse_secure_url
from empath.policy.access import Network
from empath.policy.destinations.hours import parse_instant
from empath.policy.destinations.rulebook import DestinationPattern
from empath.policy.destinations.settings import SETTINGS
from empath.policy.dnsbl import Blocklist
from empath.policy.limits.rate import Rate
from empath.policy.pattern import DomainPattern
from empath.policy.program import check_arguments
from empath.policy.recipients import RecipientRule, folded
from empath.policy.replies.bounce_class import parse_class
from empath.policy.router import SenderPattern, parse_recipient_pattern
from empath.policy.routing import (
    TRANSPORT_NAME,
    ListRoute,
    MaildirRoute,
    Route,
    SmtpRoute,
    parse_route,
    parse_route_list,
    route_entries,
    route_text,
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

T = TypeVar("T")


def kind_of(value: object) -> str:
    """The kind of a TOML value, as messages name it."""
    for types, words in (
        (bool, "a boolean"),
        (str, "text"),
        ((int, float), "a number"),
        (list, "a list"),
        (dict, "a table"),
    ):
        if isinstance(value, types):
            return words
    return "a date or time"


def problem(message: str, *at: str | int, because_of: tuple[str | int, ...] = ()) -> PydanticCustomError:
    """
    A finding in words, raised by a validator. *at* is the path from the validated value to the wrong part. If the file
    does not have that part, the finding is on the line of the keys *because_of*.

    pydantic formats the message as a template, so the text is passed as a value of it.
    """
    return PydanticCustomError("problem", "{message}", {"message": message, "at": at, "because_of": because_of})


def setting(default: Any, key: str | None = None, example: str | int | None = None) -> Any:
    """
    A setting that may be left out.

    Args:
        default: the value as in the file; it is checked like a value of the file.
        key: its name in the file, if the attribute adds a unit to that.
        example: what the reference shows of a setting whose default cannot be written in the file.
    """
    return Field(default, alias=key, validate_default=True, examples=None if example is None else [example])


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise problem(f"must be text in quotes, not {kind_of(value)}")
    return value


def _read_by(parse: Callable[[str], T]) -> PlainValidator:
    def validate(value: object) -> T:
        try:
            return parse(_text(value))
        except SyntaxViolation as exc:
            raise problem(str(exc)) from exc

    return PlainValidator(validate)


def _absolute(path: str, info: ValidationInfo) -> str:
    if not path or not path.isprintable():
        raise problem(f"not a path: {path!r}")
    directory = (info.context or {}).get("directory", "/")
    absolute = os.path.normpath(os.path.join(directory, path))
    if not absolute.isprintable():  # the directory of the file may have a character that a file cannot hold
        raise problem(f"not a path: {absolute!r}")
    return absolute


def _path(value: object, info: ValidationInfo) -> Path:
    return Path(_absolute(_text(value), info))


def _route(value: object, info: ValidationInfo) -> Route:
    try:
        route = parse_route_list(list(map(_text, value))) if isinstance(value, list) else parse_route(_text(value))
    except SyntaxViolation as exc:
        raise problem(str(exc)) from exc
    return MaildirRoute(_absolute(route.path, info)) if isinstance(route, MaildirRoute) else route


def _route_value(route: Route) -> str | list[str]:
    return route_entries(route) if isinstance(route, ListRoute) else route_text(route)


def _recipient_rule(value: object, info: ValidationInfo) -> RecipientRule:
    try:
        rule = RecipientRule.parse(_text(value))
    except SyntaxViolation as exc:
        raise problem(str(exc)) from exc
    return rule if rule.path is None else replace(rule, path=_absolute(rule.path, info))


def _listen_address(value: object, info: ValidationInfo) -> Endpoint | UnixSocket:
    text = _text(value)
    if not text.startswith("unix:"):
        try:
            return Endpoint.parse(text)
        except SyntaxViolation as exc:
            raise problem(str(exc)) from exc
    path = _absolute(text.removeprefix("unix:"), info)
    if len(path.encode()) > MAX_SOCKET_PATH_OCTETS:
        raise problem(f"the path of a UNIX socket has at most {MAX_SOCKET_PATH_OCTETS} octets: {path!r}")
    return UnixSocket(path)


def _parse_file_mode(text: str) -> int:
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise SyntaxViolation(f'not a file mode: {text!r} (use e.g. "0660")')
    return int(text, 8)


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


def _pattern_but_all(consequence: str) -> Callable[[str], DomainPattern]:
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
    arguments = tuple(map(_text, value))
    try:
        check_arguments(arguments)
    except SyntaxViolation as exc:
        raise problem(str(exc)) from exc
    return arguments


def _transport_name(text: str) -> str:
    if not TRANSPORT_NAME.fullmatch(text):
        raise SyntaxViolation(f"not a name: {text!r} (use letters, digits, dots, dashes and underscores)")
    return text


def _destination(value: object) -> dict[str, Any]:
    """The settings of one pattern, by the name of the setting."""
    if not isinstance(value, dict):
        raise problem(f"must be a table, not {kind_of(value)}")
    found = {}
    for key, given in value.items():
        setting = SETTINGS.get(key)
        if setting is None:
            near = difflib.get_close_matches(key, SETTINGS, n=1)
            raise problem("unknown key" + (f" (did you mean {near[0]}?)" if near else ""), key)
        try:
            found[key] = setting.read(_TEXT_OF[setting.kind_in_file](given))
        except SyntaxViolation as exc:
            raise problem(str(exc), key) from exc
        except PydanticCustomError as exc:
            raise problem(exc.message(), key) from exc
    return found


def _sender(value: object) -> Rate:
    """The table of one pattern of senders."""
    if not isinstance(value, dict):
        raise problem(f"must be a table, not {kind_of(value)}")
    for key in value:
        if key != "rate":
            raise problem("unknown key; there is rate", key)
    if not value:
        raise problem('has no rate; write for example { rate = "100/1h" }')
    try:
        return parse_delivery_rate(_text(value["rate"]))
    except SyntaxViolation as exc:
        raise problem(str(exc), "rate") from exc


def _patterns_fit(found: dict[DestinationPattern, dict[str, Any]]) -> dict[DestinationPattern, dict[str, Any]]:
    for pattern, given in found.items():
        for name in given:
            try:
                SETTINGS[name].refuse_pattern(str(pattern))
            except SyntaxViolation as exc:
                raise problem(str(exc), str(pattern), name) from exc
    return found


def _number(value: object) -> str:
    if type(value) is not int:
        raise problem(f"must be a whole number, not {value if isinstance(value, float) else kind_of(value)}")
    return str(value)


def _flag(value: object) -> str:
    if not isinstance(value, bool):
        raise problem(f"must be true or false, not {kind_of(value)}")
    return str(value).lower()


_TEXT_OF: Final = {"text": _text, "number": _number, "flag": _flag}  # text as a row has it, by kind of TOML value


def _destination_of_file(given: dict[str, Any]) -> dict[str, str | int | bool]:
    """*given* as the file has it."""
    from_text: dict[str, Callable[[str], str | int | bool]] = {"text": str, "number": int, "flag": "true".__eq__}
    return {name: from_text[SETTINGS[name].kind_in_file](SETTINGS[name].write(value)) for name, value in given.items()}


def _no_key_twice(parse: Callable[[str], object]) -> Callable[[object], object]:
    """
    Refuse two spellings of one key that *parse* reads, such as a pattern: it would be unclear which one counts.
    Addresses are compared by any case.
    """

    def check(value: object) -> object:
        seen = set()
        for text in value if isinstance(value, dict) else ():
            try:
                key = folded(str(parse(text)))
            except SyntaxViolation:
                continue  # reported by the validator of the key
            if key in seen:
                raise problem(f"is the same pattern as another key: {key!r}", text)
            seen.add(key)
        return value

    return check


def _account_name(text: str) -> str:
    if not text or not text.isprintable():
        raise SyntaxViolation(f"not the name of an account: {text!r}")
    return text


def _forbidden_command(text: str) -> str:
    word = text.upper()
    if not _COMMAND.fullmatch(word):
        raise SyntaxViolation(f"not the first word of a command: {text!r}")
    if word in _NEEDED_COMMANDS:
        raise SyntaxViolation(f"{word} cannot be forbidden: no mail would come in without it")
    return word


_COMMAND = re.compile(r"[A-Z][A-Z0-9_-]{0,31}")
_NEEDED_COMMANDS = ("EHLO", "HELO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "QUIT", "STARTTLS", "AUTH")
THRESHOLD = "threshold"  # the one key of [dnsbl] that is no zone


def _weights(value: object) -> dict[str, int]:
    """Weights by zone, as in the file, with the threshold."""
    if not isinstance(value, dict):
        raise problem(f"must be a table, not {kind_of(value)}")
    for key, number in value.items():
        if type(number) is not int or not -_MAX_WEIGHT <= number <= _MAX_WEIGHT:
            raise problem(f"must be a whole number from -{_MAX_WEIGHT} to {_MAX_WEIGHT}", key)
        if key == THRESHOLD:
            if number < 1:
                raise problem("must be at least 1: no list has said anything about most clients", key)
            continue
        try:
            Blocklist.parse(key)
        except SyntaxViolation as exc:
            raise problem(str(exc), key) from exc
    return value


_MAX_WEIGHT = 1000


def _module_name(text: str) -> str:
    if not all(part.isidentifier() for part in text.split(".")):
        raise SyntaxViolation(f'not the name of a Python module: {text!r} (use e.g. "my_package.my_module")')
    return text


_AS_TEXT = PlainSerializer(str, return_type=str)

Text = Annotated[str, Field(min_length=1, pattern=r"^[!-~]+$")]
Seconds = Annotated[float, _read_by(parse_duration), PlainSerializer(duration_text)]
Wait = Annotated[float, _read_by(_parse_wait), PlainSerializer(duration_text)]
Octets = Annotated[int, _read_by(parse_size), PlainSerializer(size_text)]
OctetsPerSecond = Annotated[int, _read_by(parse_octets_per_second), PlainSerializer(octets_per_second_text)]
RateLimit = Annotated[Rate, _read_by(parse_rate), PlainSerializer(rate_text)]
Count = Annotated[int, Strict(), Field(ge=1, le=1_000_000)]
Share = Annotated[float, Strict(), Field(ge=0, le=1, allow_inf_nan=False)]
ConfigPath = Annotated[Path, PlainValidator(_path), _AS_TEXT]
HostName = Annotated[Domain, _read_by(Domain.parse), _AS_TEXT]
NodeName = Annotated[str, _read_by(lambda text: str(Domain.parse(text)))]
Mailbox = Annotated[Address, _read_by(Address.parse), _AS_TEXT]
ListenAddress = Annotated[Endpoint | UnixSocket, PlainValidator(_listen_address), _AS_TEXT]
FileMode = Annotated[int, _read_by(_parse_file_mode), PlainSerializer("{:04o}".format, return_type=str)]
Nameserver = Annotated[Endpoint, _read_by(lambda text: Endpoint.parse(text, default_port=53)), _AS_TEXT]
TrustedNetwork = Annotated[Network, _read_by(_network_but("which would make this an open relay")), _AS_TEXT]
ProxyNetwork = Annotated[
    Network, _read_by(_network_but("and any client there could take the address of another")), _AS_TEXT
]
AllowedNetwork = Annotated[Network, _read_by(_any_network), _AS_TEXT]
ModuleName = Annotated[str, _read_by(_module_name)]
BackendName = Annotated[str, _read_by(_backend)]
BounceClassName = Annotated[str, _read_by(lambda text: str(parse_class(text)))]
SourceEntry = Annotated[SourceAddress, _read_by(SourceAddress.parse), _AS_TEXT]
SourceIp = Annotated[str, _read_by(parse_address)]
WarmupProvider = Annotated[str, _read_by(parse_provider)]
WarmupDays = Annotated[Days, _read_by(parse_days), PlainSerializer(days_text)]
Instant = Annotated[Timestamp, _read_by(parse_instant), PlainSerializer(lambda instant: Timestamp(instant).iso8601())]
OwnHost = Annotated[str, _read_by(_own_host)]
_RulePattern = Annotated[DomainPattern, _read_by(_pattern_but_all("; name each relay domain")), _AS_TEXT]
RelayDomain = Annotated[DomainPattern, _read_by(_pattern_but_all(", which would make this an open relay")), _AS_TEXT]
CertificateName = Annotated[DomainPattern, _read_by(_certificate_name), _AS_TEXT]
RoutePattern = Annotated[DomainPattern, _read_by(DomainPattern.parse), _AS_TEXT]
RouteTarget = Annotated[Route, PlainValidator(_route), PlainSerializer(_route_value)]
_RecipientPattern = Annotated[DomainPattern | Address, _read_by(parse_recipient_pattern), _AS_TEXT]
_SenderPattern = Annotated[SenderPattern, _read_by(SenderPattern.parse), _AS_TEXT]
Routes = Annotated[dict[_RecipientPattern, RouteTarget], BeforeValidator(_no_key_twice(parse_recipient_pattern))]
SenderRoutes = Annotated[dict[_SenderPattern, RouteTarget], BeforeValidator(_no_key_twice(SenderPattern.parse))]
AccountRoutes = dict[Annotated[str, _read_by(_account_name)], RouteTarget]
Destinations = Annotated[
    dict[
        Annotated[DestinationPattern, _read_by(DestinationPattern.parse), _AS_TEXT],
        Annotated[dict[str, Any], PlainValidator(_destination), PlainSerializer(_destination_of_file)],
    ],
    BeforeValidator(_no_key_twice(DestinationPattern.parse)),
    AfterValidator(lambda found: {pattern: given for pattern, given in found.items() if given}),  # an empty one is none
    AfterValidator(_patterns_fit),
]
DeliveryRate = Annotated[Rate, _read_by(parse_delivery_rate), PlainSerializer(delivery_rate_text)]
Senders = Annotated[
    dict[
        _RecipientPattern,
        Annotated[Rate, PlainValidator(_sender), PlainSerializer(lambda rate: {"rate": delivery_rate_text(rate)})],
    ],
    BeforeValidator(_no_key_twice(parse_recipient_pattern)),
]
RecipientRules = Annotated[
    dict[_RulePattern, Annotated[RecipientRule, PlainValidator(_recipient_rule), _AS_TEXT]],
    BeforeValidator(_no_key_twice(DomainPattern.parse)),
]
SecureUrl = Annotated[str, _read_by(_secure_url)]
Command = Annotated[tuple[str, ...], PlainValidator(_command), PlainSerializer(list, return_type=list[str])]
CredentialsHost = Annotated[str, _read_by(_credentials_host)]
ClientMechanism = Annotated[Mechanism, _read_by(_client_mechanism), _AS_TEXT]
TransportName = Annotated[str, _read_by(_transport_name)]
CommandWord = Annotated[str, _read_by(_forbidden_command)]
Weights = Annotated[dict[str, int], PlainValidator(_weights)]
