"""
operations - what the API offers, as a table: path, role, parameters, bodies, and the function that answers

An operation runs in a thread, on a connection of its own: it reads one instant, or carries an order out by the code of
empath-admin. docs/api.md and the schema have what is in this table.
"""

from dataclasses import replace
from typing import Any, Final

from empath.daemon.httpd.api import changing, forecasting, models, reading
from empath.daemon.httpd.api.message_models import InjectionAnswer, MessageRequest
from empath.daemon.httpd.api.models import ChangeRequest, OrderRequest, Record, RerouteRequest, WhatIfRequest
from empath.daemon.httpd.api.operation import Backend, Operation
from empath.daemon.httpd.api.parameters import (
    ADDRESSES,
    AFTER,
    AFTER_NAME,
    DESTINATION,
    FINAL_STATUSES,
    ID,
    LIMIT,
    LIVE_STATUSES,
    MOST_ROWS,
    OUTCOMES,
    RECIPIENT_ID,
    Parameter,
    choice,
    number,
    text,
    truth,
)
from empath.policy.api_token import TokenRole
from empath.policy.units import parse_duration
from empath.storage.admin.records import Reference
from empath.storage.open_views import OPEN_VIEWS

_READ, _OPERATE = TokenRole.READ, TokenRole.OPERATE
_IN_PATH: Final = Parameter(
    "id", "queue id, or the number of one recipient", Reference.parse, {"type": "string"}, is_in_path=True
)
OPERATIONS: Final = (
    Operation(
        "GET",
        "/queue",
        "Live recipients, by number",
        _READ,
        models.QueuePage,
        reading.queue,
        (
            Parameter(
                "id",
                "queue ids, or numbers of recipients; more than once",
                Reference.parse,
                {"type": "string"},
                is_list=True,
            ),
            *ADDRESSES,
            choice("status", "status", LIVE_STATUSES),
            Parameter("older_than", "accepted longer ago, such as 2h", parse_duration, {"type": "string"}),
            DESTINATION,
            AFTER,
            LIMIT,
        ),
    ),
    Operation(
        "GET",
        "/messages/{id}",
        "One message, its recipients and their attempts",
        _READ,
        models.MessageWithRecipients,
        reading.one_message,
        (_IN_PATH,),
    ),
    Operation(
        "GET",
        "/messages/{id}/explanation",
        "Why a message waits and until when, or how it ended",
        _READ,
        models.Explanation,
        reading.explain,
        (_IN_PATH,),
    ),
    Operation(
        "GET",
        "/attempts",
        "Attempts, by number",
        _READ,
        models.AttemptPage,
        reading.attempts,
        (
            ID,
            RECIPIENT_ID,
            DESTINATION,
            choice("outcome", "outcome", OUTCOMES),
            AFTER,
            LIMIT,
        ),
    ),
    Operation(
        "GET",
        "/history",
        "Recipients with a final status, by number",
        _READ,
        models.HistoryPage,
        reading.history,
        (
            ID,
            *ADDRESSES,
            choice("status", "status", FINAL_STATUSES),
            DESTINATION,
            AFTER,
            LIMIT,
        ),
    ),
    Operation(
        "GET",
        "/destinations",
        "Destinations, by name",
        _READ,
        models.DestinationPage,
        reading.destinations,
        (AFTER_NAME, LIMIT),
    ),
    Operation(
        "GET",
        "/processes",
        "Processes, newest first",
        _READ,
        models.ProcessPage,
        reading.processes,
        (
            Parameter("all", "those that have ended, too", truth, {"type": "boolean"}, default=False),
            number("after", "continue after this one"),
            LIMIT,
        ),
    ),
    Operation(
        "GET", "/sessions", "Sessions of clients, the oldest first", _READ, models.SessionList, reading.open_sessions
    ),
    Operation(
        "GET",
        "/audit",
        "Changes, by number",
        _READ,
        models.AuditPage,
        reading.audit,
        (
            ID,
            RECIPIENT_ID,
            text("who", "author"),
            text("what", "what changed"),
            text("object", "row"),
            AFTER,
            LIMIT,
        ),
    ),
    Operation("GET", "/rules", "Rules of destinations that are rows", _READ, models.RuleList, reading.rules),
    Operation(
        "GET",
        "/suppressions",
        "Suppressed addresses, by address",
        _READ,
        models.SuppressionPage,
        reading.suppressions,
        (AFTER_NAME, LIMIT),
    ),
    Operation(
        "GET",
        "/stats",
        "Counts of messages, recipients and destinations",
        _READ,
        models.Totals,
        reading.stats,
        (number("top", "destinations to name", 0, MOST_ROWS, 10),),
    ),
    Operation(
        "GET",
        "/views/{view}",
        "Rows of a view, by key",
        _READ,
        models.ViewPage,
        reading.rows_of_view,
        (
            replace(choice("view", "name of the view", OPEN_VIEWS), is_in_path=True),
            replace(AFTER_NAME, text="`next_after` of the page before"),
            LIMIT,
        ),
    ),
    Operation(
        "POST",
        "/changes",
        "A change of one row of a view",
        _OPERATE,
        models.ChangeResult,
        changing.change,
        body=ChangeRequest,
        role_of=changing.role_of_change,
    ),
    Operation("GET", "/config", "The configuration in force", TokenRole.ADMIN, models.Effective, reading.config),
    Operation(
        "POST", "/orders", "An order to recipients", _OPERATE, models.OrderResult, changing.order, body=OrderRequest
    ),
    Operation(
        "POST",
        "/reroute",
        "Move waiting mail by the routes of now",
        _OPERATE,
        models.RerouteResult,
        changing.reroute,
        body=RerouteRequest,
    ),
    Operation(
        "POST",
        "/whatif",
        "Forecast what a change would do to the mail that waits",
        _READ,
        models.WhatIfResult,
        forecasting.whatif,
        body=WhatIfRequest,
        rate=forecasting.RATE,
    ),
)


def _by_its_own_resource(_: Backend, _given: Any, _who: str) -> Record:
    raise AssertionError("this operation has a resource of its own")


_RAW: Final = "with `message/rfc822`: "
# What `injection.resource` serves, for the description of the API.
INJECTION: Final = Operation(
    "POST",
    "/messages",
    "Send mail",
    TokenRole.INJECT,
    InjectionAnswer,
    _by_its_own_resource,
    (
        text("from", f"{_RAW}the reverse-path; without it the address in From"),
        replace(text("to", f"{_RAW}recipients; without it those in To, Cc and Bcc"), is_list=True),
        text("send_at", f"{_RAW}instant of the first attempt"),
        number("priority", f"{_RAW}as MT-PRIORITY of RFC 6710", -9, 9),
        text("metadata", f"{_RAW}a JSON object"),
        Parameter("all_or_none", f"{_RAW}queue nothing if one is refused", truth, {"type": "boolean"}, False),
        replace(
            text("Idempotency-Key", "the same key gets the same answer, and its mail is queued once"),
            place="header",
        ),
    ),
    MessageRequest,
    status=202,
    media=("application/json", "message/rfc822"),
)
DESCRIBED: Final = (*OPERATIONS, INJECTION)
