"""listeners - services of master.cf as listeners; restrictions, logins and filters of those that connect to them"""

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from empath.config.postfix.draft import Draft
from empath.config.postfix.source import Postfix, Service, Setting

_PORTS: Final = {"smtp": 25, "submission": 587, "submissions": 465, "smtps": 465}
_SUBMISSION: Final = (465, 587)
_RESTRICTIONS: Final = tuple(
    f"smtpd_{stage}_restrictions"
    for stage in ("client", "helo", "sender", "relay", "recipient", "data", "end_of_data", "etrn")
)
# Words of restrictions that Empath follows by itself, or by what other settings became.
_KEPT: Final = frozenset({
    "permit", "permit_mynetworks", "permit_sasl_authenticated", "permit_tls_clientcerts", "permit_auth_destination",
    "reject", "reject_unauth_destination", "defer_unauth_destination", "reject_unauth_pipelining", "defer_if_permit",
    "reject_invalid_helo_hostname", "reject_invalid_hostname", "reject_unlisted_recipient", "reject_unlisted_sender",
    "reject_sender_login_mismatch", "reject_authenticated_sender_login_mismatch",
})  # fmt: skip
_LOGIN_CHECKS: Final = ("reject_sender_login_mismatch", "reject_authenticated_sender_login_mismatch")
_POSTGREY: Final = re.compile(r"inet:(127\.0\.0\.1|localhost|\[::1\]):(10023|60000)|unix:.*postgrey.*")
_SPF: Final = re.compile(r"unix:.*spf.*")
_ANY: Final = {4: "0.0.0.0", 6: "[::]"}
_LOOPBACK: Final = {4: "127.0.0.1", 6: "[::1]"}


def add_listeners(postfix: Postfix, draft: Draft, *, has_domains: bool, has_ipv6: bool) -> None:
    """A listener for each service of SMTP, the certificate and the back end of logins."""
    _add_tls(postfix, draft)
    services = [
        each for each in postfix.services if each.kind == "inet" and each.words[:1] in (("smtpd",), ("postscreen",))
    ]
    if not any(True for each in services for _ in _addresses(postfix, draft, each, has_ipv6=has_ipv6)):
        draft.tell("master.cf", "smtp", "no service of SMTP is there; a listener at port 25 is made")
        services = [Service("smtp", "inet", ("smtpd",), {}, "main.cf")]
    postfix.seen |= {"inet_interfaces", "inet_protocols"}  # a service with an address of its own does not ask
    taken = set[str]()
    for service in services:
        for host, port in _addresses(postfix, draft, service, has_ipv6=has_ipv6):
            address = f"{host}:{port}"
            if address not in taken:
                _add_listener(postfix, draft, service, f"listener#{len(taken)}", address, has_domains=has_domains)
                taken.add(address)
    _add_logins(postfix, draft)
    _add_milters(postfix, draft)


def _addresses(postfix: Postfix, draft: Draft, service: Service, *, has_ipv6: bool) -> Iterator[tuple[str, int]]:
    host, _, name = service.name.rpartition(":")
    port = _PORTS.get(name) or (int(name) if name.isdigit() and 0 < int(name) < 65_536 else 0)
    if not port:
        draft.tell(service.place, service.name, "the number of this port is not known")
        return
    protocols = postfix.words("inet_protocols")
    versions = [4] * ("ipv6" not in protocols or "ipv4" in protocols)
    versions += [6] * (has_ipv6 and ("all" in protocols or "ipv6" in protocols))
    hosts = []
    place, about = (service.place, name) if host else (postfix.place("inet_interfaces"), "inet_interfaces")
    for word in [host] if host else postfix.words("inet_interfaces", service.options):
        known = {"all": _ANY, "loopback-only": _LOOPBACK, "localhost": _LOOPBACK}.get(word)
        if known:
            hosts += [known[each] for each in versions]
            continue
        plain = word.strip("[]")
        try:
            version = ipaddress.ip_address(plain).version
        except ValueError:
            draft.tell(place, about, f"{word} is a name; write its address")
            continue
        if version in versions:
            hosts.append(f"[{plain}]" if version == 6 else plain)
    yield from ((each, port) for each in hosts or [_ANY[4]])


def _add_listener(
    postfix: Postfix, draft: Draft, service: Service, table: str, address: str, *, has_domains: bool
) -> None:
    options, place, name = service.options, service.place, service.name
    host, _, port = address.rpartition(":")
    is_wrapped = postfix.is_yes("smtpd_tls_wrappermode", options)
    level = postfix.value("smtpd_tls_security_level", options)
    if not level:
        level = "encrypt" if postfix.is_yes("smtpd_enforce_tls", options) else ""
        level = level or ("may" if postfix.is_yes("smtpd_use_tls", options) else "none")
    tls = "implicit" if is_wrapped else {"may": "starttls", "encrypt": "required"}.get(level, "none")
    has_login = postfix.is_yes("smtpd_sasl_auth_enable", options)
    is_loopback = host in _LOOPBACK.values()
    role = "mx" if has_domains and not is_loopback else "internal"
    if int(port) in _SUBMISSION or is_wrapped or "smtpd_sasl_auth_enable" in options:
        role = "submission"
    if tls != "none" and not draft.has("tls", "certificate"):
        words = "TLS needs a certificate in [tls]; without one this listener speaks in the clear"
        draft.tell(place, name, words)
        tls = "none"
    draft.set(table, "address", address, place, name)
    draft.set(table, "role", role, "")
    if tls != "none":
        draft.set(table, "tls", tls, "")
    if role == "submission" and not has_login:
        draft.set(table, "auth", False, place, name)
    elif role != "submission" and has_login:
        if tls == "none":
            draft.tell(place, name, "logins need TLS here; without a certificate nobody can log in")
        else:
            draft.set(table, "auth", True, postfix.place("smtpd_sasl_auth_enable"), "smtpd_sasl_auth_enable")
    if service.words[0] == "postscreen" and postfix.value("postscreen_greet_action") in ("enforce", "drop"):
        wait = postfix.value("postscreen_greet_wait")
        delay = wait if re.fullmatch(r"\d{1,2}s", wait) else "6s"
        draft.set(table, "greet_delay", delay, postfix.place("postscreen_greet_action"), "postscreen_greet_action")
    proxies = ("smtpd_upstream_proxy_protocol", "postscreen_upstream_proxy_protocol")
    if "haproxy" in [postfix.value(each, options) for each in proxies]:
        draft.set(table, "proxy_protocol", ["127.0.0.0/8"], place, name)
        draft.tell(place, name, "write the addresses of the proxies into `proxy_protocol` of the listener")
    for option in options.values():
        if _is_lost(option):
            words = f"-o {option.name}={option.value} has no counterpart for one listener"
            draft.tell(place, name, words)


_READ_PER_SERVICE: Final = re.compile(
    r"syslog_name|smtpd_tls_(wrappermode|security_level)|smtpd_(enforce|use)_tls|smtpd_sasl_.*|milter_macro_daemon_name"
    r"|smtpd_(client|helo|sender|relay|recipient|data|end_of_data)_restrictions|smtpd_upstream_proxy_.*|inet_interfaces"
    r"|smtpd_reject_unlisted_recipient|mua_\w+|smtpd_tls_auth_only|smtpd_delay_reject"
)


def _is_lost(option: Setting) -> bool:
    return bool(option.value) and not _READ_PER_SERVICE.fullmatch(option.name)


def _add_tls(postfix: Postfix, draft: Draft) -> None:
    if postfix.is_set("smtpd_tls_chain_files"):
        place = postfix.place("smtpd_tls_chain_files")
        for file in postfix.words("smtpd_tls_chain_files")[:1]:
            draft.set("tls", "certificate", file, place, "smtpd_tls_chain_files")
            draft.set("tls", "key", file, place, "smtpd_tls_chain_files")
        if len(postfix.words("smtpd_tls_chain_files")) > 1:
            draft.tell(place, "smtpd_tls_chain_files", "the key and the certificate are two settings: [tls]")
    elif postfix.is_set("smtpd_tls_cert_file") and postfix.value("smtpd_tls_cert_file") != "none":
        certificate = postfix.value("smtpd_tls_cert_file")
        draft.set("tls", "certificate", certificate, postfix.place("smtpd_tls_cert_file"), "smtpd_tls_cert_file")
        key = postfix.value("smtpd_tls_key_file") or certificate
        draft.set("tls", "key", key.replace("$smtpd_tls_cert_file", certificate), postfix.place("smtpd_tls_key_file"))
    for name in ("smtpd_tls_mandatory_protocols", "smtpd_tls_protocols"):
        value = postfix.value(name)
        if "!TLSv1.2" in value or ">=TLSv1.3" in value.replace(" ", ""):
            draft.set("tls", "minimum", "TLSv1.3", postfix.place(name), name)
    name = "tls_server_sni_maps"
    for row in postfix.tables(name):
        draft.tell(row.place, name, f"{row.key}: write its certificate and key into a table [[tls.sni]]")


def _add_logins(postfix: Postfix, draft: Draft) -> None:
    options = [each.options for each in postfix.services]
    if not any(postfix.is_yes("smtpd_sasl_auth_enable", each) for each in ({}, *options)):
        return
    found = next((each for each in options if "smtpd_sasl_path" in each or "smtpd_sasl_type" in each), {})
    place = postfix.place("smtpd_sasl_path")
    if postfix.value("smtpd_sasl_type", found) != "dovecot":
        words = "Cyrus: accounts are those of `empath-admin account`, of a Dovecot, or of an OAuth 2.0 server ([auth])"
        draft.tell(postfix.place("smtpd_sasl_auth_enable"), "smtpd_sasl_type", words)
    else:
        path = postfix.value("smtpd_sasl_path", found)
        if path.startswith("inet:"):
            draft.tell(place, "smtpd_sasl_path", f"{path}: a Dovecot is asked by a UNIX socket")
        else:
            whole = path if path.startswith("/") else f"{postfix.value('queue_directory')}/{path}"
            draft.set("auth", "backends", [f"dovecot:{whole}"], place, "smtpd_sasl_path")
    checks = [word for each in ({}, *options) for stage in _RESTRICTIONS for word in postfix.words(stage, each)]
    if not any(each in checks for each in _LOGIN_CHECKS):
        draft.set("auth", "check_sender", False, "", "")
        told = "Postfix lets each account send as anybody; without `check_sender = false` it has its own addresses only"
        draft.tell(postfix.place("smtpd_sasl_auth_enable"), "smtpd_sender_restrictions", told)


def _add_milters(postfix: Postfix, draft: Draft) -> None:
    found: dict[str, list[str]] = {}
    roles = dict.fromkeys(str(draft.value(each, "role")) for each in draft.tables("listener"))
    for name, listeners in (("smtpd_milters", [*roles]), ("non_smtpd_milters", ["pickup"])):
        for word in postfix.words(name):
            text = word.split("{")[-1].split(",")[0].strip("{} ")
            socket = _milter(postfix, text)
            if socket is None:
                draft.tell(postfix.place(name), name, f"{text}: write the IP address and the port of the filter")
                continue
            found.setdefault(socket, []).extend(each for each in listeners if each not in found.get(socket, ()))
    action = postfix.value("milter_default_action") or "tempfail"
    for number, (socket, listeners) in enumerate(found.items()):
        table = f"milter#{number}"
        name = "smtpd_milters" if postfix.is_set("smtpd_milters") else "non_smtpd_milters"
        draft.set(table, "address", socket, postfix.place(name), name)
        draft.set(table, "listeners", listeners, "")
        draft.set(table, "on_failure", "accept" if action == "accept" else "tempfail", "")
    if found and action not in ("accept", "tempfail"):
        words = f"{action}: a filter that fails has mail deferred (tempfail) or accepted"
        draft.tell(postfix.place("milter_default_action"), "milter_default_action", words)


def _milter(postfix: Postfix, text: str) -> str | None:
    kind, _, rest = text.partition(":")
    if kind in ("unix", "local"):
        return f"unix:{rest if rest.startswith('/') else postfix.value('queue_directory') + '/' + rest}"
    host, _, port = rest.rpartition(":")
    plain = host.strip("[]").replace("localhost", "127.0.0.1")
    try:
        address = ipaddress.ip_address(plain)
    except ValueError:
        return None
    return f"inet:[{plain}]:{port}" if address.version == 6 else f"inet:{plain}:{port}"


def add_restrictions(postfix: Postfix, draft: Draft) -> None:
    """What restrictions of main.cf ask for, and lists of blocked clients."""
    mx = [each for each in draft.tables("listener") if draft.value(each, "role") == "mx"]
    for name in _RESTRICTIONS:
        words = iter(postfix.words(name))
        for word in words:
            argument = next(words, "") if _has_argument(word) else ""
            _add_restriction(postfix, draft, mx, name, (word, argument))
    name = "postscreen_dnsbl_sites"
    threshold = postfix.value("postscreen_dnsbl_threshold")
    for word in postfix.words(name):
        zone, _, weight = word.partition("*")
        draft.set("dnsbl", zone, int(weight) if re.fullmatch(r"-?\d{1,4}", weight) else 1, postfix.place(name), name)
    if postfix.is_set(name) and re.fullmatch(r"\d{1,4}", threshold):
        draft.set("dnsbl", "threshold", int(threshold), postfix.place("postscreen_dnsbl_threshold"))
    for each in [*postfix.settings]:
        if each.startswith("postscreen_"):
            postfix.seen.add(each)
    postfix.seen |= {"smtpd_delay_reject", "smtpd_reject_unlisted_recipient"}


def _has_argument(word: str) -> bool:
    return word.startswith(
        ("check_", "reject_rbl", "reject_rhsbl", "reject_dbl", "permit_dnswl", "permit_rhswl", "sleep")
    )


def _add_restriction(postfix: Postfix, draft: Draft, mx: list[str], name: str, restriction: tuple[str, str]) -> None:
    place = postfix.place(name)
    word, argument = restriction
    if word in _KEPT:
        return
    if word in ("reject_rbl_client", "permit_dnswl_client"):
        draft.set("dnsbl", argument, 1 if word == "reject_rbl_client" else -1, place, name)
    elif word == "check_policy_service" and _POSTGREY.fullmatch(argument.strip("{} ").split(",")[0]):
        draft.set("greylist", "enabled", True, place, name)
        draft.tell(place, name, f"{argument}: greylisting is a part of Empath ([greylist]); Postgrey is not asked")
    elif word == "check_policy_service" and _SPF.fullmatch(argument.strip("{} ").split(",")[0]):
        for each in mx:
            draft.set(f"{each}.authentication", "spf", True, place, name)
            draft.set(f"{each}.authentication", "dkim", True, "")
            draft.set(f"{each}.authentication", "dmarc", "reject", "")
        draft.tell(
            place, name, f"{argument}: SPF is asked as a part of DMARC, which refuses what its domain wants refused"
        )
    elif word == "reject_unverified_recipient":
        for domain in draft.value("relay", "domains") or ():
            route = draft.value("routes", domain)
            if isinstance(route, str) and route.startswith(("smtp:", "lmtp:", "smtps:")) and not domain.startswith("*"):
                draft.set("recipients", domain, "verify", place, name)
    elif word in ("reject_unknown_client_hostname", "reject_unknown_reverse_client_hostname"):
        for each in mx:
            draft.set(each, "client_names", True, place, name)
        draft.tell(
            place, name, f"{word}: the name is looked up and recorded; a module may refuse by it (docs/MODULES.md)"
        )
    else:
        text = f"{word} {argument}".strip()
        draft.tell(place, name, f"{text}: a module may decide so (docs/MODULES.md)")
