"""
pattern_tables - tables of the configuration whose keys are patterns, names or zones

People write one pattern in more than one way, so two spellings of one are refused.
"""

import difflib
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from empath.config.fields import Selector, SigningDomain, pattern_but_all
from empath.config.reading import AS_TEXT, absolute_path, as_text, kind_of, problem, read_by
from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.mail.domain import Domain
from empath.policy.destinations.rulebook import DestinationPattern
from empath.policy.destinations.settings import SETTINGS
from empath.policy.dnsbl import Blocklist
from empath.policy.limits.rate import Rate
from empath.policy.pattern import DomainPattern
from empath.policy.recipients import RecipientRule, folded
from empath.policy.router import SenderPattern, parse_recipient_pattern
from empath.policy.routing import (
    ListRoute,
    MaildirRoute,
    Route,
    parse_route,
    parse_route_list,
    route_entries,
    route_text,
)
from empath.policy.units import (
    delivery_rate_text,
    parse_delivery_rate,
)


def _route(value: object, info: ValidationInfo) -> Route:
    try:
        route = parse_route_list(list(map(as_text, value))) if isinstance(value, list) else parse_route(as_text(value))
    except SyntaxViolation as exc:
        raise problem(str(exc)) from exc
    return MaildirRoute(absolute_path(route.path, info)) if isinstance(route, MaildirRoute) else route


def _single_route(value: object, info: ValidationInfo) -> Route:
    if isinstance(value, list):
        raise problem("must be one route, not a list")
    return _route(value, info)


def _route_value(route: Route) -> str | list[str]:
    return route_entries(route) if isinstance(route, ListRoute) else route_text(route)


def _recipient_rule(value: object, info: ValidationInfo) -> RecipientRule:
    try:
        rule = RecipientRule.parse(as_text(value))
    except SyntaxViolation as exc:
        raise problem(str(exc)) from exc
    return rule if rule.path is None else replace(rule, path=absolute_path(rule.path, info))


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
        return parse_delivery_rate(as_text(value["rate"]))
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


_TEXT_OF: Final = {"text": as_text, "number": _number, "flag": _flag}  # text as a row has it, by kind of TOML value


def _destination_of_file(given: dict[str, Any]) -> dict[str, str | int | bool]:
    """*given* as the file has it."""
    from_text: dict[str, Callable[[str], str | int | bool]] = {"text": str, "number": int, "flag": "true".__eq__}
    return {name: from_text[SETTINGS[name].kind_in_file](SETTINGS[name].write(value)) for name, value in given.items()}


def no_key_twice(parse: Callable[[str], object]) -> Callable[[object], object]:
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
_RulePattern = Annotated[DomainPattern, read_by(pattern_but_all("; name each relay domain")), AS_TEXT]
RouteTarget = Annotated[Route, PlainValidator(_route), PlainSerializer(_route_value)]
SingleRoute = Annotated[Route, PlainValidator(_single_route), PlainSerializer(route_text, return_type=str)]
_RecipientPattern = Annotated[DomainPattern | Address, read_by(parse_recipient_pattern), AS_TEXT]
_SenderPattern = Annotated[SenderPattern, read_by(SenderPattern.parse), AS_TEXT]
Routes = Annotated[dict[_RecipientPattern, RouteTarget], BeforeValidator(no_key_twice(parse_recipient_pattern))]
SenderRoutes = Annotated[dict[_SenderPattern, RouteTarget], BeforeValidator(no_key_twice(SenderPattern.parse))]
AccountRoutes = dict[Annotated[str, read_by(_account_name)], RouteTarget]
Destinations = Annotated[
    dict[
        Annotated[DestinationPattern, read_by(DestinationPattern.parse), AS_TEXT],
        Annotated[dict[str, Any], PlainValidator(_destination), PlainSerializer(_destination_of_file)],
    ],
    BeforeValidator(no_key_twice(DestinationPattern.parse)),
    AfterValidator(lambda found: {pattern: given for pattern, given in found.items() if given}),  # an empty one is none
    AfterValidator(_patterns_fit),
]
Senders = Annotated[
    dict[
        _RecipientPattern,
        Annotated[Rate, PlainValidator(_sender), PlainSerializer(lambda rate: {"rate": delivery_rate_text(rate)})],
    ],
    BeforeValidator(no_key_twice(parse_recipient_pattern)),
]
RecipientRules = Annotated[
    dict[_RulePattern, Annotated[RecipientRule, PlainValidator(_recipient_rule), AS_TEXT]],
    BeforeValidator(no_key_twice(DomainPattern.parse)),
]
SigningSelectors = Annotated[dict[SigningDomain, tuple[Selector, ...]], BeforeValidator(no_key_twice(Domain.parse))]
Weights = Annotated[dict[str, int], PlainValidator(_weights)]
