"""
open_views - the public views that programs read and change row by row, as a table

What a view takes, and what it says of a value that cannot be, is in its triggers (sql/sqlite/control/). Here is only
which columns make a row unique, and which ones a program may give. An instant is read as Unix seconds, and written as
text or as Unix seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class OpenView:
    """
    One view.

    Shape: key makes a row unique, and has values that are never NULL; columns are all that is read; is_guarded says
    that a change of it bears on who may do what.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    inserts: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    is_deletable: bool = False
    is_guarded: bool = False


def _view(
    name: str,
    key: str,
    more: str = "",
    *,
    inserts: str = "",
    updates: str = "",
    is_deletable: bool = False,
    is_guarded: bool = False,
) -> OpenView:
    keys = tuple(key.split())
    columns = (*keys, *more.split())
    return OpenView(name, keys, columns, tuple(inserts.split()), tuple(updates.split()), is_deletable, is_guarded)


_EXPIRING: Final = "expires_at reason"
_RULE: Final = "position stage code enhanced text provider class"
_TABLE: Final = (
    _view(
        "account",
        "name",
        "status senders message_rate recipient_rate has_password created_unix password_set_unix last_used_unix"
        " last_client",
        updates="status senders message_rate recipient_rate",
        is_deletable=True,
        is_guarded=True,
    ),
    _view("alias", "pattern target", inserts="pattern target", updates="target", is_deletable=True),
    _view(
        "authentication_override",
        "pattern",
        "at_most expires_unix reason created_unix who",
        inserts=f"pattern at_most {_EXPIRING}",
        updates=f"at_most {_EXPIRING}",
        is_deletable=True,
    ),
    _view("bounce_rule", "rule", f"{_RULE} is_enabled is_shipped note", updates="is_enabled"),
    _view(
        "consumer",
        "name",
        "kind types state cursor lag lag_s sent lost aside dead failures next_try_unix sent_unix last_error"
        " last_error_unix created_unix",
        inserts="name types cursor",
        updates="types state cursor",
        is_deletable=True,
    ),
    _view("control", "control_id", "verb argument node asked_unix who done_unix result", inserts="verb argument node"),
    _view(
        "destination",
        "destination",
        "max_leases lease_limit leases is_failing due_unix ready_unix breaker_until_unix suspended_until_unix"
        " suspended_reason last_failure exchangers blocked_by",
        updates="suspended_until suspended_reason",
    ),
    _view(
        "destination_rule",
        "rule",
        "pattern setting value expires_unix reason created_unix who",
        inserts=f"pattern setting value {_EXPIRING}",
        updates=f"value {_EXPIRING}",
        is_deletable=True,
    ),
    _view(
        "dkim_key",
        "domain selector",
        "algorithm state since_unix name record created_unix",
        updates="state",
        is_deletable=True,
        is_guarded=True,
    ),
    _view(
        "dns_cache",
        "name type",
        "status answer alias_of dnssec asked_unix expires_unix stale_until_unix times_asked failure",
        is_deletable=True,
    ),
    _view(
        "greylist",
        "client sender recipient",
        "first_seen_unix passes_unix expires_unix hits",
        inserts="client",
        updates="passes_at expires_at",
        is_deletable=True,
    ),
    _view(
        "hold_rule",
        "rule",
        "scope pattern expires_unix reason hits created_unix who",
        inserts=f"scope pattern {_EXPIRING}",
        updates=_EXPIRING,
        is_deletable=True,
    ),
    _view(
        "listener_limit",
        "listener setting",
        "value expires_unix reason created_unix who",
        inserts=f"listener setting value {_EXPIRING}",
        is_deletable=True,
    ),
    _view("recipient_list", "address", inserts="address", is_deletable=True),
    _view(
        "refusal", "refusal_id", "at_unix times client client_name listener account sender recipient stage rule reply"
    ),
    _view(
        "transcript", "transcript_id", "at_unix id destination host listener client account sender stage reply dialogue"
    ),
    _view("shaping_rule", "rule", f"{_RULE} action duration value is_enabled is_shipped note", updates="is_enabled"),
    _view(
        "source_rest",
        "address",
        "expires_unix reason created_unix who",
        inserts=f"address {_EXPIRING}",
        is_deletable=True,
    ),
    _view(
        "sts_policy",
        "domain",
        "policy_id mode mx max_age_s fetched_unix expires_unix checked_unix failure",
        is_deletable=True,
    ),
    _view(
        "suppression",
        "address",
        "source reason class created_unix expires_unix",
        inserts=f"address class {_EXPIRING}",
        updates=f"class {_EXPIRING}",
        is_deletable=True,
    ),
    _view(
        "token",
        "name",
        "role networks account created_unix expires_unix last_used_unix last_client",
        updates="networks account expires_at",
        is_deletable=True,
        is_guarded=True,
    ),
    _view(
        "warmup",
        "address provider day",
        "most_messages started_unix messages",
        inserts="address provider day most_messages started_at",
        is_deletable=True,
    ),
)
OPEN_VIEWS: Final[Mapping[str, OpenView]] = {view.name: view for view in _TABLE}
