"""
translate - a configuration of Postfix as one of Empath

What has a counterpart becomes a line with the place it comes from.  What has none is told, with the place and the
reason.  Nothing here reads a file but by `Postfix.read`.
"""

import ipaddress
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from empath.config.postfix.draft import Draft, Told, quoted
from empath.config.postfix.listeners import add_listeners, add_restrictions
from empath.config.postfix.routes import MAILDIR, Transports, next_hop, pattern
from empath.config.postfix.settings import COUNTERPARTS, NEEDLESS, WITHOUT
from empath.config.postfix.source import PATTERNS, Postfix, Row, split
from empath.errors import SyntaxViolation
from empath.mail.domain import Domain

ALIASES: Final = "aliases.sh"
_HEAD: Final = """\
# Configuration of a server, translated from main.cf and master.cf of Postfix by `empath-admin import-postfix`.
# Each line says where it comes from. `empathd check` reports each mistake with its line."""
_PLACE: Final = re.compile(r"(.*):(\d+)$")
_TLS: Final = {"none": "none", "may": "may", "encrypt": "encrypt", "verify": "verify", "secure": "verify",
               "dane": "dane", "dane-only": "dane"}  # fmt: skip
_RECEIVED: Final = re.compile(r"/\^\\?Received", re.IGNORECASE)
_HEADER_CHECKS: Final = ("header_checks", "smtp_header_checks", "mime_header_checks", "nested_header_checks",
                         "body_checks", "smtp_body_checks", "milter_header_checks")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Translation:
    """
    What a translation made.

    Shape: text is the configuration; files are further files by their names beside it, secrets those that only their
    owner may read; told is in the order of the lines.
    """

    text: str
    files: dict[str, str]
    secrets: dict[str, str]
    told: list[Told]


def translate(postfix: Postfix, directory: str, *, has_ipv6: bool) -> Translation:
    """
    Translate.

    Args:
        directory: where the file will be.
        has_ipv6: whether this host has IPv6; one without it cannot listen there.
    """
    draft = Draft()
    for line in postfix.odd:
        draft.tell(line.place, line.text.split()[0], "not a setting: Postfix would not start")
    work = _Work(postfix, draft)
    work.names()
    work.counterparts()
    has_domains = work.domains()
    work.hops()
    work.aliases()
    work.logins()
    add_listeners(postfix, draft, has_domains=has_domains, has_ipv6=has_ipv6)
    add_restrictions(postfix, draft)
    work.outgoing_tls()
    work.header_checks()
    work.rest()
    for place, name, words in postfix.told:
        draft.tell(place, name, words)
    text = draft.text(_HEAD, directory)
    needless = "".join(f"#   {each}\n" for each in draft.needless)
    if needless:
        text += f"\n# Nothing is lost without these:\n{needless}"
    return Translation(text, draft.files, draft.secrets, sorted(draft.told, key=_order))


def _order(told: Told) -> tuple[str, int]:
    found = _PLACE.fullmatch(told.place)
    return (found[1], int(found[2])) if found else (told.place, 0)


class _Work:
    """The parts of one translation."""

    def __init__(self, postfix: Postfix, draft: Draft) -> None:
        self._postfix = postfix
        self._draft = draft
        self._transports = Transports(postfix, draft)
        self._origin = self._read_origin()

    def _read_origin(self) -> str:
        origin = self._postfix.value("myorigin")
        if origin.startswith("/"):
            content = self._postfix.read(origin)
            origin = (content or "").strip().partition("\n")[0] or self._postfix.value("myhostname")
        try:
            return str(Domain.parse(origin))
        except SyntaxViolation as exc:
            self._draft.tell(self._postfix.place("myorigin"), "myorigin", str(exc))
            return self._postfix.value("myhostname")

    def names(self) -> None:
        """The host itself."""
        postfix, draft = self._postfix, self._draft
        hostname = postfix.value("myhostname")
        draft.set("", "hostname", hostname, postfix.place("myhostname"), "myhostname")
        draft.set("", "postmaster", f"postmaster@{self._origin}", postfix.place("myorigin"), "myorigin")
        draft.set("queue", "path", "/var/lib/empath/queue.db", "")
        draft.set("process", "user", "empath", "")
        draft.set("process", "pid_file", "/run/empath/empathd.pid", "")
        draft.set("pickup", "directory", "/var/spool/empath", "")
        draft.set("log", "file", "/var/log/empath/empath.log", "")
        draft.set("relay", "networks", list(self._networks()), postfix.place("mynetworks"), "mynetworks")

    def _networks(self) -> Iterator[str]:
        postfix = self._postfix
        if not postfix.is_set("mynetworks"):
            style = postfix.value("mynetworks_style") or "host"
            if style != "host":
                words = f"{style}: which networks these are depends on the host; write them into [relay] networks"
                self._draft.tell(postfix.place("mynetworks_style"), "mynetworks_style", words)
        for row in postfix.listed("mynetworks"):
            text = re.sub(r"[\[\]]", "", row.key)
            try:
                network = ipaddress.ip_network(text, strict=False)
            except ValueError:
                self._draft.tell(row.place, "mynetworks", f"{row.key} is no network")
                continue
            if network.version == 6 and network.network_address.ipv4_mapped:
                continue  # the same clients as those of IPv4
            if network.prefixlen == 0:
                self._draft.tell(row.place, "mynetworks", f"{row.key} would make this an open relay; it is left out")
                continue
            yield str(network)

    def counterparts(self) -> None:
        """Settings with one counterpart each."""
        postfix, draft = self._postfix, self._draft
        for name, goal in COUNTERPARTS.items():
            if not postfix.is_set(name):
                continue
            try:
                value = goal.read(postfix.value(name))
            except SyntaxViolation as exc:
                draft.tell(postfix.place(name), name, str(exc))
                continue
            if value is not None:
                draft.set(goal.table, goal.key, value, postfix.place(name), name)
        for name in ("smtp_destination_concurrency_limit", "default_destination_concurrency_limit"):
            if postfix.is_set(name) and re.fullmatch(r"[1-9]\d{0,5}", postfix.value(name)):
                draft.set('destinations."*"', "concurrency", int(postfix.value(name)), postfix.place(name), name)
        for name in ("smtp_destination_rate_delay", "default_destination_rate_delay"):
            value = postfix.value(name)
            if postfix.is_set(name) and (found := re.fullmatch(r"([1-9]\d{0,6})([smhd]?)", value)):
                draft.set('destinations."*"', "rate", f"1/{found[1]}{found[2] or 's'}", postfix.place(name), name)
        self._sources()

    def _sources(self) -> None:
        postfix, draft = self._postfix, self._draft
        names = [each for each in ("smtp_bind_address", "smtp_bind_address6") if postfix.is_set(each)]
        found = [postfix.value(each).strip("[]") for each in names]
        found = [each for each in found if each not in ("0.0.0.0", "::")]
        if found:
            draft.set('sources."postfix"', "addresses", found, postfix.place(names[0]), names[0])
            draft.set('destinations."*"', "source", "postfix", "")
            if postfix.is_set("smtp_helo_name"):
                value, place = postfix.value("smtp_helo_name"), postfix.place("smtp_helo_name")
                draft.set('sources."postfix"', "hostname", value, place, "smtp_helo_name")
        elif postfix.is_set("smtp_helo_name") and postfix.value("smtp_helo_name") != postfix.value("myhostname"):
            words = "a name of its own goes with a source address: [sources]"
            draft.tell(postfix.place("smtp_helo_name"), "smtp_helo_name", words)

    def domains(self) -> bool:
        """Domains that mail is accepted for, with their routes; whether there are some that other hosts send to."""
        postfix, draft = self._postfix, self._draft
        self._transport_maps()
        accepted: dict[str, Row] = {}
        has_remote = False
        if self._is_local_off():
            postfix.seen |= {"mydestination", "local_transport"}
        else:
            for row in self._named("mydestination"):
                accepted.setdefault(row.key, row)
                self._route_locally(row)
        for row in self._named("virtual_mailbox_domains"):
            accepted.setdefault(row.key, row)
            has_remote = True
            self._route(row, "virtual_transport")
        for row in self._named("relay_domains"):
            accepted.setdefault(row.key, row)
            has_remote = True
            self._route(row, "relay_transport")
        for row in self._alias_domains():
            if row.key not in accepted:
                accepted[row.key] = row
                draft.set("recipients", row.key, "listed", row.place, "virtual_alias_domains")
                draft.set("routes", row.key, "mx", "")  # for nothing: an address without an alias is refused
            has_remote = True
        if accepted:
            draft.set("relay", "domains", [*accepted], next(iter(accepted.values())).place)
        mailboxes = [row.key for row in self._named("virtual_mailbox_domains")]
        relayed = [row.key for row in self._named("relay_domains")]
        self._listed_recipients("virtual_mailbox_maps", mailboxes)
        self._listed_recipients("relay_recipient_maps", relayed)
        own = {postfix.value("myhostname"), "localhost", f"localhost.{postfix.value('mydomain')}"}
        return has_remote or any(each not in own for each in accepted)

    def _is_local_off(self) -> bool:
        return not self._postfix.value("mydestination") or self._postfix.value("local_transport").startswith("error:")

    def _named(self, name: str) -> Iterator[Row]:
        """The domains of a list, each once."""
        seen = set()
        for row in self._postfix.listed(name):
            key = pattern(row.key.lower())
            if key in seen or (key.startswith(("[", "*")) and not key.startswith("*.")):
                continue
            try:
                Domain.parse(key.removeprefix("*."))
            except SyntaxViolation as exc:
                self._draft.tell(row.place, name, str(exc))
                continue
            seen.add(key)
            yield Row(key, row.value, row.place)
        if name == "relay_domains" and seen and "relay_domains" in (
            self._postfix.value("parent_domain_matches_subdomains") or "relay_domains"
        ):  # fmt: skip
            words = 'Postfix took mail for names below these domains, too; where that is meant, add "*.domain"'
            self._draft.tell(self._postfix.place(name), name, words)

    def _route_locally(self, row: Row) -> None:
        for name in ("mailbox_transport", "local_transport"):
            if self._postfix.is_set(name) and not self._postfix.value(name).startswith("local"):
                self._route(row, name)
                return
        if not self._draft.has("routes", row.key):
            self._transports.tell_local(self._postfix.place("mydestination"), "mydestination")
            self._draft.set("routes", row.key, MAILDIR, row.place, "mydestination")

    def _route(self, row: Row, name: str) -> None:
        if self._draft.has("routes", row.key):
            return
        route = self._transports.route(self._postfix.value(name), self._postfix.place(name), name)
        self._draft.set("routes", row.key, route or "mx", row.place, name)

    def _alias_domains(self) -> Iterator[Row]:
        if self._postfix.is_set("virtual_alias_domains"):
            yield from self._named("virtual_alias_domains")
        for row in self._postfix.tables("virtual_alias_maps"):
            if "@" not in row.key and "." in row.key and not self._postfix.is_set("virtual_alias_domains"):
                yield Row(row.key.lower(), "", row.place)

    def _transport_maps(self) -> None:
        for row in self._postfix.tables("transport_maps"):
            if route := self._transports.route(row.value, row.place, "transport_maps"):
                self._draft.set("routes", pattern(row.key.lower()), route, row.place, "transport_maps")

    def _listed_recipients(self, name: str, domains: list[str]) -> None:
        """The addresses that exist in *domains*, of which the setting *name* has tables."""
        postfix, draft = self._postfix, self._draft
        if not postfix.is_set(name):
            return
        found: dict[str, list[Row]] = {}
        for row in postfix.tables(name):
            local, _, domain = row.key.lower().rpartition("@")
            found.setdefault(domain, []).append(Row(local, row.value, row.place))
        for domain in domains if found else ():
            rows = found.get(domain, [])
            if not rows:
                draft.set("recipients", domain, "listed", postfix.place(name), name)
            elif all(row.key for row in rows):
                file = f"recipients-{domain}.txt"
                draft.files[file] = "".join(f"{row.key}@{domain}\n" for row in rows)
                draft.set("recipients", domain, f"listed:{file}", rows[0].place, name)

    def hops(self) -> None:
        """Where all other mail goes, and what goes elsewhere by its sender."""
        postfix, draft = self._postfix, self._draft
        is_tls = postfix.is_yes("smtp_tls_wrappermode")
        route: str | None = None
        if postfix.is_set("relayhost"):
            place = postfix.place("relayhost")
            route = self._transports.hop(postfix.value("relayhost"), place, "relayhost", is_tls=is_tls)
        elif postfix.value("default_transport") != "smtp":
            place = postfix.place("default_transport")
            route = self._transports.route(postfix.value("default_transport"), place, "default_transport")
        backups = []
        for name in ("smtp_fallback_relay", "fallback_relay"):
            for each in postfix.words(name):
                if hop := self._transports.hop(each, postfix.place(name), name):
                    backups.append(f"backup {hop}")
        value = [route or "mx", *backups] if backups else route or "mx"
        draft.set("routes", "*", value, postfix.place("relayhost") if route else "", "relayhost" if route else "")
        name = "sender_dependent_relayhost_maps"
        for row in postfix.tables(name):
            if hop := self._transports.hop(row.value, row.place, name, is_tls=is_tls):
                draft.set("sender_routes", row.key.lower(), hop, row.place, name)
        name = "sender_dependent_default_transport_maps"
        for row in postfix.tables(name):
            if hop := self._transports.route(row.value, row.place, name):
                draft.set("sender_routes", row.key.lower(), hop, row.place, name)

    def aliases(self) -> None:
        """Commands that make the aliases: they are rows of the queue, not of the file."""
        commands = dict[str, str]()
        rows = [("virtual_alias_maps", row) for row in self._postfix.tables("virtual_alias_maps")]
        if not self._is_local_off():
            rows += [("alias_maps", row) for row in self._local_aliases()]
        for name, row in rows:
            if "@" not in row.key and "." in row.key and name == "virtual_alias_maps":
                continue  # a domain, with a word that has no meaning
            targets = split(row.value)
            if odd := next((each for each in targets if each[0] in '|/:"' or "$" in each), None):
                words = f"{row.key}: {odd}: an alias leads to addresses; a program is a route, pipe:NAME"
                self._draft.tell(row.place, name, words)
                continue
            key = row.key if "@" in row.key else f"{row.key}@{self._origin}"
            whole = [each if "@" in each else f"{each}@{self._origin}" for each in targets]
            if targets and whole != [key]:
                words_of_shell = ("empath-admin", "alias", "add", "--", key, *whole)
                commands[key] = shlex.join(words_of_shell)
        if commands:
            self._draft.set("aliases", "enabled", True, "", "")
            head = "#!/bin/sh\n# The aliases of Postfix; EMPATH_CONFIG names the configuration.\nset -e\n"
            self._draft.files[ALIASES] = head + "\n".join(commands.values()) + "\n"

    def _local_aliases(self) -> Iterator[Row]:
        for name in ("alias_maps", "alias_database"):
            self._postfix.seen.add(name)
        for each in self._postfix.words("alias_maps"):
            kind, _, path = each.partition(":")
            if self._postfix.is_set("alias_maps") or self._postfix.read(path or kind) is not None:
                yield from self._postfix.table(each, "alias_maps")

    def logins(self) -> None:
        """Names and passwords for other hosts."""
        postfix, draft = self._postfix, self._draft
        if not postfix.is_yes("smtp_sasl_auth_enable"):
            return
        name = "smtp_sasl_password_maps"
        relay = draft.value("routes", "*")
        for row in postfix.tables(name):
            user, colon, password = row.value.partition(":")
            host = re.sub(r"[\[\]]", "", row.key)
            if "@" in row.key or not colon:
                words = "a login belongs to a host: [credentials]" if "@" in row.key else "not a name and a password"
                draft.tell(row.place, name, f"{row.key}: {words}")
                continue
            if row.key == "*":
                host = relay.partition("://")[2] if isinstance(relay, str) else ""
            table = f"credentials.{quoted(host)}"
            file = re.sub(r"[^\w.-]", "_", host) + ".secret"
            draft.set(table, "username", user, row.place, name)
            draft.set(table, "password_file", file, row.place, name)
            draft.secrets[file] = f"{password}\n"

    def outgoing_tls(self) -> None:
        """What is demanded of TLS with other hosts."""
        postfix, draft = self._postfix, self._draft
        level = postfix.value("smtp_tls_security_level")
        if not level and postfix.is_yes("smtp_enforce_tls"):
            level = "encrypt"
        if level:
            self._demand("*", level, postfix.place("smtp_tls_security_level"), "smtp_tls_security_level")
        for row in postfix.tables("smtp_tls_policy_maps"):
            words = row.value.split()
            key = row.key
            if key.startswith("["):
                key = next_hop(hop) if (hop := self._transports.hop(key, row.place, "smtp_tls_policy_maps")) else "*"
            if words and key != "*":
                self._demand(pattern(key.lower()), words[0], row.place, "smtp_tls_policy_maps")
            if rest := " ".join(words[1:]):
                draft.tell(row.place, "smtp_tls_policy_maps", f"{rest}: names and versions are not per host")
        levels = (level, *(row.value for row in postfix.tables("smtp_tls_policy_maps")))
        if any(each.startswith("dane") for each in levels):
            draft.set("dns", "dnssec", "log", "", "smtp_dns_support_level")
        postfix.seen.add("smtp_dns_support_level")

    def _demand(self, destination: str, level: str, place: str, name: str) -> None:
        if level not in _TLS:
            self._draft.tell(place, name, f"{level}: write the digest of the certificate, as `fingerprint:SHA256:…`")
            return
        if level == "dane-only":
            self._draft.tell(place, name, "dane-only: a host without TLSA records gets mail by `may`")
        if level != "may" or destination != "*":
            self._draft.set(f"destinations.{quoted(destination)}", "tls", _TLS[level], place, name)

    def header_checks(self) -> None:
        """One check has a counterpart: that which hides the clients of users."""
        for name in _HEADER_CHECKS:
            if not self._postfix.is_set(name):
                continue
            for row in self._postfix.tables(name, PATTERNS):
                action = row.value.split()[-1:] if row.value.split() else []
                if name.endswith("header_checks") and _RECEIVED.match(row.key) and action == ["IGNORE"]:
                    for each in self._draft.tables("listener"):
                        if self._draft.value(each, "role") == "submission":
                            self._draft.set(each, "hide_clients", True, row.place, name)
                    words = "submission listeners leave out where a user was; all other Received fields stay"
                else:
                    words = "what looks into content is a filter (docs/MILTER.md) or a module (docs/MODULES.md)"
                self._draft.tell(row.place, name, f"{row.key}: {words}")

    def rest(self) -> None:
        """Settings that nothing has asked for."""
        used_by_services = {
            word[2:] for service in self._postfix.services for option in service.options.values()
            for word in re.findall(r"\$\{?\w+", option.value)
        }  # fmt: skip
        for setting in self._postfix.settings.values():
            if setting.name in self._postfix.seen | used_by_services or not setting.value:
                continue
            words = next((text for pattern, text in WITHOUT if pattern.fullmatch(setting.name)), None)
            if words is None and (fits := [text for each, text in NEEDLESS if each.fullmatch(setting.name)]):
                self._draft.needless.append(Told(setting.place, setting.name, fits[0]))
                continue
            self._draft.tell(setting.place, setting.name, words or "Empath has no such setting")
