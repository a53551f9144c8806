"""
models - the bodies of the API, as pydantic has them: what is read is checked by them, and the schema is made from them
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt

from empath.storage.admin import comparison
from empath.storage.admin.comparison import Compared, Outcome
from empath.storage.admin.destination_rules import ShownRule
from empath.storage.admin.explanation import Settled, Waiting
from empath.storage.admin.orders import Verb
from empath.storage.admin.records import Change, LiveRecipient, Message, ProcessRun
from empath.storage.admin.sessions import OpenSession
from empath.storage.admin.suppression import SuppressionRow
from empath.storage.admin.view_rows import AttemptOfView, AuditOfView, DestinationOfView, FinalRecipient
from empath.storage.open_views import OPEN_VIEWS


class Body(BaseModel):
    """A JSON object. A key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OrderFilter(Body):
    """The recipients that an order is about: all conditions must hold."""

    id: list[str] = Field([], description="queue ids, and numbers of recipients", max_length=1000)
    domain: str | None = Field(None, description="domain of the recipient")
    sender: str | None = Field(None, description="reverse-path; `<>` is the null path")
    recipient: str | None = Field(None, description="forward-path")
    status: str | None = Field(None, description="a live status; for `undelete` cancelled or bounced")
    older_than: str | None = Field(None, description="accepted longer ago, such as 2h")
    destination: str | None = Field(None, description="next hop or queue key")


class OrderRequest(Body):
    """An order to recipients."""

    order: Verb = Field(description="what to do; `delete` cancels without a report, `bounce` sends one")
    filter: OrderFilter = Field(OrderFilter(), description="the recipients")
    all: bool = Field(False, strict=True, description="all recipients; an order without a filter needs it")
    dry_run: bool = Field(False, strict=True, description="say what would change, and change nothing")
    show: int = Field(100, strict=True, ge=0, le=1000, description="most recipients that the answer names")


class RuleProposal(Body):
    """A rule of destinations that is not there yet."""

    pattern: str = Field(description="as of the view destination_rule", max_length=1024)
    setting: str = Field(description="name of the setting", max_length=100)
    value: str = Field(description="its value as text", max_length=1000)


class WhatIfRequest(Body):
    """A change that is only proposed; an empty object for the queue as it is."""

    rules: list[RuleProposal] = Field([], description="other rules of destinations", max_length=100)
    retry: str | None = Field(None, description="other delays between attempts, such as 1m 5m*2", max_length=1000)
    hold: bool = Field(False, strict=True, description="hold the mail that `filter` or `all` selects")
    filter: OrderFilter = Field(OrderFilter(), description="the recipients that `hold` is about")
    all: bool = Field(False, strict=True, description="all recipients")
    final: float | None = Field(None, ge=0, le=1, description="share of attempts that hosts do not defer")
    show: int = Field(100, strict=True, ge=0, le=1000, description="most destinations and moves that the answer names")


class WhatIfResult(BaseModel):
    """The forecasts, as `empath-admin whatif --json` prints them, with the destinations that change first."""

    now_at: float
    before: Outcome
    after: Outcome
    newly_held: int
    moves: list[comparison.Move]
    destinations: list[Compared]
    assumptions: list[str]
    more_destinations: int
    warnings: list[str]


class RerouteRequest(Body):
    """The order to move waiting mail to where the routes lead now."""

    dry_run: bool = Field(False, strict=True, description="say what would move, and move nothing")


_SIDE = 2**63
Cell = Annotated[str, Field(max_length=10_000)] | Annotated[StrictInt, Field(ge=-_SIDE, lt=_SIDE)] | StrictFloat


class ChangeRequest(Body):
    """A change of one row of a view, as SQL would make it."""

    view: Literal[tuple(OPEN_VIEWS)] = Field(description="name of the view")  # type: ignore[valid-type]
    change: Literal["insert", "update", "delete"] = Field(description="what to do")
    key: dict[str, Cell] = Field({}, description="which row; for `update` and `delete`")
    values: dict[str, Cell | None] = Field({}, description="columns; for `insert` and `update`")
    dry_run: bool = Field(False, strict=True, description="say what would change, and change nothing")


class ChangeResult(BaseModel):
    """What a change did or would do: the row as it is then, of a removed one as it was."""

    view: str
    change: str
    is_dry_run: bool
    rows: list[dict[str, Any]]


class ViewPage(BaseModel):
    """Rows of a view by key, with the columns of docs/sql.md; instants in Unix seconds."""

    rows: list[dict[str, Any]]
    next_after: str | None


class Effective(BaseModel):
    """The configuration as it is in force."""

    config: dict[str, Any]


class QueuePage(BaseModel):
    """Live recipients by number."""

    recipients: list[LiveRecipient]
    next_after: int | None
    frozen_since: str | None


class MessageWithRecipients(BaseModel):
    """One message, its recipients and their attempts."""

    message: Message
    frozen_since: str | None


class Explanation(BaseModel):
    """Why the recipients of a message wait and until when, or how they ended."""

    waiting: list[Waiting]
    settled: list[Settled]


class AttemptPage(BaseModel):
    """Attempts by number."""

    attempts: list[AttemptOfView]
    next_after: int | None


class HistoryPage(BaseModel):
    """Recipients with a final status, by number."""

    recipients: list[FinalRecipient]
    next_after: int | None


class DestinationPage(BaseModel):
    """Destinations by name."""

    destinations: list[DestinationOfView]
    next_after: str | None


class ProcessWithLiveness(BaseModel):
    """One run of a process, and whether it lives."""

    process: ProcessRun
    liveness: str


class ProcessPage(BaseModel):
    """Processes, newest first."""

    processes: list[ProcessWithLiveness]
    next_after: int | None


class SessionList(BaseModel):
    """Sessions of clients, the oldest first."""

    sessions: list[OpenSession]


class AuditPage(BaseModel):
    """Rows of the audit by number."""

    changes: list[AuditOfView]
    next_after: int | None


class RuleList(BaseModel):
    """Rules of destinations."""

    rules: list[ShownRule]


class SuppressionPage(BaseModel):
    """Suppressed addresses by address."""

    suppressions: list[SuppressionRow]
    next_after: str | None


class Totals(BaseModel):
    """The counts of the queue, as `empath-admin stats --json` prints them."""

    model_config = ConfigDict(extra="allow")
    at: str
    is_frozen: bool
    messages: int
    recipients: dict[str, int]


class OrderResult(BaseModel):
    """What an order did or would do, as `--json` of its verb prints it; `recipients` are at most `show`."""

    verb: str
    is_dry_run: bool
    recipients: list[Change]
    matched: int
    changed: int
    ordered: int
    not_found: list[str]
    frozen_since: str | None
    transactions: int
    is_complete: bool


class Move(BaseModel):
    """How many recipients leave one destination for another."""

    recipients: int
    from_destination: str
    to_destination: str


class RerouteResult(BaseModel):
    """What moved or would move."""

    is_dry_run: bool
    moves: list[Move]


Record = dict[str, Any]
