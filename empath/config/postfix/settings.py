"""settings - settings of main.cf with one counterpart each, those that need none, and why others have none"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from empath.errors import SyntaxViolation
from empath.policy.units import duration_text, size_text

_TIME: Final = re.compile(r"(\d+)\s*([smhdw]?)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def number(text: str) -> int:
    """
    A whole number.

    Raises:
        SyntaxViolation: it is none.
    """
    if not re.fullmatch(r"\d{1,18}", text):
        raise SyntaxViolation(f"not a number: {text!r}")
    return int(text)


def duration(unit: str) -> Callable[[str], str]:
    """The reader of a time, whose unit is *unit* where it says none."""

    def read(text: str) -> str:
        found = _TIME.fullmatch(text)
        if found is None:
            raise SyntaxViolation(f"not a time: {text!r}")
        return duration_text(number(found[1]) * _SECONDS[found[2] or unit])

    return read


def size(text: str) -> str:
    """A size in octets."""
    if number(text) == 0:
        raise SyntaxViolation("Empath has a limit in any case; its default stays")
    return size_text(number(text))


def _limit(text: str) -> int:
    if number(text) == 0:
        raise SyntaxViolation("Empath has a limit in any case; its default stays")
    return number(text)


def _per_minute(text: str) -> str | None:
    return f"{number(text)}/1m" if number(text) else None


def _yes(text: str) -> bool:
    return text.lower() == "yes"


@dataclass(frozen=True, slots=True)
class Counterpart:
    """Where a setting goes. Shape: read gives None for what the default of Empath is, and raises SyntaxViolation."""

    table: str
    key: str
    read: Callable[[str], Any]


_LIMITS: Final = "receiving.limits"
COUNTERPARTS: Final = {
    "bounce_queue_lifetime": Counterpart("retry", "bounce_lifetime", duration("d")),
    "delay_warning_time": Counterpart("retry", "delay_warning_time", duration("h")),
    "header_size_limit": Counterpart(_LIMITS, "header_size", size),
    "hopcount_limit": Counterpart(_LIMITS, "received_hops", _limit),
    "maximal_backoff_time": Counterpart("retry", "max", duration("s")),
    "maximal_queue_lifetime": Counterpart("retry", "lifetime", duration("d")),
    "message_size_limit": Counterpart(_LIMITS, "message_size", size),
    "minimal_backoff_time": Counterpart("retry", "base", duration("s")),
    "recipient_delimiter": Counterpart("aliases", "delimiter", str),
    "smtp_connect_timeout": Counterpart("delivery", "connect_timeout", duration("s")),
    "smtp_data_done_timeout": Counterpart("delivery", "end_of_data_timeout", duration("s")),
    "smtp_data_init_timeout": Counterpart("delivery", "data_timeout", duration("s")),
    "smtp_data_xfer_timeout": Counterpart("delivery", "content_timeout", duration("s")),
    "smtp_helo_timeout": Counterpart("delivery", "ehlo_timeout", duration("s")),
    "smtp_mail_timeout": Counterpart("delivery", "mail_timeout", duration("s")),
    "smtp_quit_timeout": Counterpart("delivery", "quit_timeout", duration("s")),
    "smtp_rcpt_timeout": Counterpart("delivery", "rcpt_timeout", duration("s")),
    "smtp_starttls_timeout": Counterpart("delivery", "tls_timeout", duration("s")),
    "smtp_tls_CAfile": Counterpart("tls.client", "ca", str),
    "smtp_tls_cert_file": Counterpart("tls.client", "certificate", str),
    "smtp_tls_key_file": Counterpart("tls.client", "key", str),
    "smtpd_client_connection_count_limit": Counterpart(_LIMITS, "connections_per_client", _limit),
    "smtpd_client_connection_rate_limit": Counterpart(_LIMITS, "connection_rate_per_client", _per_minute),
    "smtpd_client_message_rate_limit": Counterpart(_LIMITS, "message_rate_per_client", _per_minute),
    "smtpd_client_recipient_rate_limit": Counterpart(_LIMITS, "recipient_rate_per_client", _per_minute),
    "smtpd_hard_error_limit": Counterpart(_LIMITS, "errors", _limit),
    "smtpd_junk_command_limit": Counterpart(_LIMITS, "junk", number),
    "smtpd_recipient_limit": Counterpart(_LIMITS, "recipients", _limit),
    "smtpd_soft_error_limit": Counterpart(_LIMITS, "slow_errors", _limit),
    "smtpd_timeout": Counterpart("receiving.timeouts", "command", duration("s")),
    "soft_bounce": Counterpart("delivery", "soft_bounce", _yes),
}

# A pattern of names, and why nothing is lost without them. The first that fits counts.
NEEDLESS: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"compatibility_level|.*_directory|.*_service_name|mail_(name|version|owner)|setgid_group|.*_path",
         "of the program of Postfix"),
        (r"biff|mailbox_size_limit|virtual_mailbox_limit|mail_spool_directory|virtual_minimum_uid|virtual_[ug]id_maps",
         "of local delivery, which is that of the mail store"),
        (r"append_(dot_mydomain|at_myorigin)|swap_bangpath|.*_service_restrictions|remote_header_rewrite_domain",
         "Empath completes no addresses of clients"),
        (r"smtpd_banner|smtpd_helo_required|disable_vrfy_command|strict_rfc821_envelopes|smtpd_forbid_.*|smtputf8_.*",
         "Empath does so, or keeps to RFC 5321 by itself"),
        (r"(smtpd?|lmtp|tlsproxy)_tls_(session_cache_.*|loglevel|CApath|received_header|.*ciphers?|eecdh_grade|note_.*)",
         "TLS is that of the system's OpenSSL"),
        (r"tls_.*|smtpd_tls_(dh.*|fingerprint_digest|ask_ccert|req_ccert|ccert_verifydepth|always_issue_session_ids)",
         "TLS is that of the system's OpenSSL"),
        (r"smtp_sasl_(security|tls_security)_options|smtp_sasl_mechanism_filter|smtp_use_tls|smtp_enforce_tls|smtpd_enforce_tls",
         "a password goes over TLS only, by the strongest mechanism that the host offers"),
        (r"smtpd_sasl_(security|tls_security)_options|smtpd_sasl_local_domain|broken_sasl_auth_clients|smtpd_sasl_type",
         "mechanisms follow from [auth]; a login goes over TLS only"),
        (r"alias_database|.*_db_type|local_recipient_maps|unknown_.*_reject_code|.*_reject_code|milter_protocol|milter_.*macro.*",
         "has no effect beside the other settings"),
        (r"in_flow_delay|queue_run_delay|default_process_limit|qmgr_.*|.*_process_limit|.*destination_recipient_limit",
         "the scheduler of Empath has no such knob: docs/DELIVERY.md"),
        (r"notify_classes|2bounce_notice_recipient|bounce_notice_recipient|error_notice_recipient|delay_notice_recipient",
         "[reports] and the log have them"),
        (r"debug_peer_.*|debugger_command|maillog_file|syslog_.*|smtpd_(authorized|client_event|proxy_filter_).*",
         "of the program of Postfix"),
        (r"inet_protocols|mydomain|home_mailbox|mailbox_command", "is part of what other lines became"),
    )
)  # fmt: skip

# Why a setting has no counterpart, by a pattern of names.
WITHOUT: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r".*canonical_(maps|classes)|.*generic_maps|masquerade_.*|relocated_maps",
         "Empath rewrites no addresses but by aliases and SRS; a module can (docs/MODULES.md)"),
        (r"(receive_override_options|content_filter|smtpd_proxy_filter)",
         "a filter speaks the milter protocol, or is a module (docs/MILTER.md)"),
        (r"(always|sender|recipient)_bcc(_maps)?", "copies are made by an alias, or by a module (docs/MODULES.md)"),
        (r"smtpd_restriction_classes|.*_restrictions_classes", "listeners have roles and limits in place of classes"),
        (r"smtpd_sender_login_maps", "grant each account its addresses: `empath-admin account allow`"),
        (r"smtpd_tls_(auth_only)", "a login goes over TLS only, unless `auth_in_clear` of the listener says otherwise"),
        (r"virtual_mailbox_base|virtual_mailbox_maps", "which folder a mailbox has is up to the mail store"),
        (r"lmtp_.*", "LMTP has the settings of [delivery] and [destinations]"),
    )
)  # fmt: skip
