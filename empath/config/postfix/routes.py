"""routes - where mail goes: transports of master.cf, relayhost, and tables of them, as routes of Empath"""

import re
from typing import Final

from empath.config.postfix.draft import Draft
from empath.config.postfix.source import Postfix, Service
from empath.errors import SyntaxViolation
from empath.policy.routing import parse_route

MAILDIR: Final = "maildir:/var/lib/empath/Maildir"
_HOST: Final = re.compile(r"(\[[^\]]*\]|[^:\[\]]+)(?::([\w-]+))?")
_PORTS: Final = {"smtp": "25", "submission": "587", "submissions": "465", "smtps": "465", "lmtp": "24"}
_MACRO: Final = re.compile(r"\$(?:\{(\w+)\}|\((\w+)\)|(\w+))")
_FIELDS: Final = {"recipient": "{recipient}", "user": "{local_part}", "domain": "{domain}", "sender": "{sender}",
                  "queue_id": "{queue_id}", "mailbox": "{local_part}", "nexthop": "{domain}"}  # fmt: skip
_FLAGS: Final = {"R": "return_path", "D": "delivered_to"}
_PIPE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class Transports:
    """What each transport of master.cf is, with the programs that were translated for them."""

    def __init__(self, postfix: Postfix, draft: Draft) -> None:
        self._postfix = postfix
        self._draft = draft
        self._services: dict[str, Service] = {each.name: each for each in postfix.services if each.kind != "inet"}

    def route(self, text: str, place: str, name: str) -> str | None:
        """
        The route of `transport:nexthop`, as a table or a setting has it; None if there is none, which is told then.

        A transport alone, `lmtp:unix:private/dovecot-lmtp` and `:[host]:port` are read, too.
        """
        transport, _, hop = text.strip().partition(":")
        if not transport:
            transport = self._postfix.value("default_transport").partition(":")[0]
            if not hop:
                return "mx"
        service = self._services.get(transport)
        program = service.words[0] if service and service.words else transport
        route: str | None = None
        match program:
            case "smtp" | "relay":
                route = self._smtp(hop, service, place, name)
            case "lmtp":
                route = self._lmtp(hop)
            case "discard":
                route = "discard:"
            case "pipe" if service is not None:
                route = self._pipe(service, hop, place, name)
            case "local" | "virtual":
                self.tell_local(place, name)
                route = MAILDIR
            case "error" | "retry":
                self._draft.tell(
                    place, name, f"{text}: such mail is refused if no route and no relay domain names its domain"
                )
            case _:
                self._draft.tell(place, name, f"{text}: the program {program} has no counterpart")
        return route and self._checked(route, place, name)

    def tell_local(self, place: str, name: str) -> None:
        """Tell that users of the host have no mailboxes here."""
        words = (
            "Empath has no mailboxes of users: their mail goes into one Maildir; a mail store such as Dovecot takes it "
            "by the route lmtp:/run/dovecot/lmtp"
        )
        self._draft.tell(place, name, words)

    def hop(self, text: str, place: str, name: str, *, is_tls: bool = False) -> str | None:
        """The route to a host as relayhost has it: `[host]:port`, or `domain` for its MX."""
        return self._checked(self._host(text, is_tls, place, name), place, name)

    def _checked(self, route: str, place: str, name: str) -> str | None:
        try:
            parse_route(route)
        except SyntaxViolation as exc:
            self._draft.tell(place, name, str(exc))
            return None
        return route

    def _host(self, text: str, is_tls: bool, place: str, name: str) -> str:
        found = _HOST.fullmatch(text)
        if found is None:
            return f"smtp://{text}"  # which no route can be: it is told
        host, port = found[1], found[2] and _PORTS.get(found[2], found[2])
        is_fixed = host.startswith("[")
        plain = host.strip("[]").removeprefix("IPv6:").removeprefix("ipv6:")
        shown = f"[{plain}]" if ":" in plain else plain
        if is_tls:
            return f"smtps://{shown}:{port or 465}"
        if is_fixed or (port or "25") != "25":
            if not is_fixed:
                words = f"{text}: a route with a port names one host, so the MX records of {host} are not asked"
                self._draft.tell(place, name, words)
            return f"smtp://{shown}:{port or 25}"
        return f"smtp+mx://{shown}"

    def _smtp(self, hop: str, service: Service | None, place: str, name: str) -> str:
        options = service.options if service else {}
        if hop.startswith("unix:"):
            return f"smtp:{self._socket(hop[5:])}"
        if not hop:
            return "mx"
        is_tls = self._postfix.is_yes("smtp_tls_wrappermode", options)
        return self._host(hop.removeprefix("inet:"), is_tls, place, name)

    def _lmtp(self, hop: str) -> str:
        if hop.startswith("unix:"):
            return f"lmtp:{self._socket(hop[5:])}"
        found = _HOST.fullmatch(hop.removeprefix("inet:"))
        if found is None:
            return f"lmtp://{hop}"
        plain = found[1].strip("[]")
        port = found[2] and _PORTS.get(found[2], found[2])
        return f"lmtp://{f'[{plain}]' if ':' in plain else plain}:{port or 24}"

    def _socket(self, path: str) -> str:
        return path if path.startswith("/") else f"{self._postfix.value('queue_directory')}/{path}"

    def _pipe(self, service: Service, hop: str, place: str, name: str) -> str | None:
        if not _PIPE_NAME.fullmatch(service.name):
            self._draft.tell(service.place, service.name, "a program has a name of letters, digits, - and _")
            return None
        table = f'pipes."{service.name}"'
        if self._draft.has(table, "command"):
            return f"pipe:{service.name}"
        words, command = dict[str, str](), list[str]()
        for word in service.words[1:]:
            key, equals, value = word.partition("=")
            if command or key == "argv":
                command.append(word if command else value)
            elif equals:
                words[key] = value

        def filled(found: re.Match[str]) -> str:
            macro = found[1] or found[2] or found[3]
            if macro not in _FIELDS:
                self._draft.tell(service.place, service.name, f"${macro} is not known to the program; it is left out")
            return _FIELDS.get(macro, hop if macro == "nexthop" else "")

        arguments = [argument for each in command if (argument := _MACRO.sub(filled, each))]
        self._draft.set(table, "command", arguments, service.place, service.name)
        if user := words.get("user", "").partition(":")[0]:
            words_of_user = f"the program runs as the user of [process], not as {user}"
            self._draft.tell(service.place, service.name, words_of_user)
        for flag, key in _FLAGS.items():
            if flag in words.get("flags", ""):
                self._draft.set(table, key, True, service.place, service.name)
        return f"pipe:{service.name}"


def pattern(key: str) -> str:
    """A key of a table of domains or addresses as a pattern: `.example.org` is `*.example.org`."""
    return f"*{key}" if key.startswith(".") else key


def next_hop(route: str) -> str:
    """The name of the destination of a route to one host, as [destinations] has it."""
    return parse_route(route).destination("")
