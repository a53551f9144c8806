"""
pages - what each page of the console shows

A page is read at one instant of the queue, in a thread, and made into HTML by its template.  It says when that was.
Whatever a page shows of mail comes from strangers: templates escape all text, and `printable` takes the control
characters out of it.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Final

import falcon

from empath.daemon.httpd.console.layout import NAVIGATION, rendered
from empath.daemon.httpd.console.login import COOKIE
from empath.daemon.httpd.console.orders import OFFERED
from empath.daemon.httpd.console.sources import FILTERS, Sources, selected
from empath.daemon.httpd.console.timeline import life_of
from empath.daemon.httpd.problems import explained
from empath.errors import EmpathError, MissingInput, SyntaxViolation
from empath.mail.status import LIVE
from empath.policy.api_token import Token, TokenRole
from empath.storage.admin.records import Reference
from empath.storage.admin.snapshot import Snapshot

_TOP: Final = 10
_MOST_LIVES: Final = 100  # recipients of one message on its page
Found = Mapping[str, Any]
Read = Callable[[Snapshot, float], Found]


class Page:
    """A page that `read` fills from a snapshot of the queue, for its template. A token of one of `readers` sees it."""

    template = "listing"
    readers: ClassVar[tuple[TokenRole, ...]] = (TokenRole.READ,)

    def __init__(self, sources: Sources, name: str) -> None:
        self._sources = sources
        self._name = name

    def on_get(self, request: falcon.Request, response: falcon.Response, **keys: str) -> None:
        """Answer with the page; an error is a page, too."""
        now = time.time()
        try:
            found = self._sources.read(partial(self._read, request, now, keys))
            if "at_once" in found:
                raise falcon.HTTPFound(found["at_once"])
            title = found.get("title") or NAVIGATION[self._name]
            page = {**self.at_hand(), **found, "title": title, "at": now, "query": request.params, **_orders(request)}
            template = self.template
        except MissingInput as exc:
            response.status, template = falcon.HTTP_404, "error"
            page = {"title": "Not found", "words": explained(exc), "at": now}
        except EmpathError as exc:
            response.status, template = falcon.HTTP_503, "error"
            page = {"title": "The queue cannot be read", "words": explained(exc), "at": now}
        response.content_type = falcon.MEDIA_HTML
        response.text = rendered(template, here=self._name, node=self._sources.node, **page)

    on_head = on_get

    def _read(self, request: falcon.Request, now: float, keys: dict[str, str]) -> Found:
        with Snapshot(self._sources.engine) as snapshot:
            return self.read(snapshot, request, now, **keys)

    def at_hand(self) -> Found:
        """What the template needs beyond that, of what only the main thread may touch."""
        return {}

    def read(self, snapshot: Snapshot, request: falcon.Request, now: float) -> Found:
        """What the template needs of the queue, read in a thread. This one: a page of the view of the same name."""
        return {"listing": snapshot.page(self._name, request.get_param("from"))}


def _orders(request: falcon.Request) -> Found:
    """The orders that a page offers: they need a token, and not one that only reads."""
    token: Token | None = getattr(request.context, "token", None)  # an open console asks for none
    may_order = bool(request.cookies.get(COOKIE)) if token is None else token.role.includes(TokenRole.OPERATE)
    return {"verbs": OFFERED if may_order else {}}


class Overview(Page):
    """How the queue stands, and what has happened in the last hour."""

    template = "overview"

    def at_hand(self) -> Found:
        """The shares of the last minutes."""
        return {"shares": self._sources.history.shares()}

    def read(self, snapshot: Snapshot, request: falcon.Request, now: float) -> Found:
        """Numbers that were read in the background, and what keeps mail back now."""
        known = self._sources.stats()
        stats, read_at = known or (snapshot.stats(_TOP, now), now)
        return {
            "stats": stats,
            "read_at": read_at,
            "live": sum(stats.recipients[status.value] for status in LIVE),
            "pauses": snapshot.pauses(now),
        }


class Queue(Page):
    """The recipients that wait, by filters that the page shows as SQL."""

    template = "queue"

    def read(self, snapshot: Snapshot, request: falcon.Request, now: float) -> Found:
        """One page of recipients."""
        given = {name: value for name in FILTERS if (value := (request.get_param(name) or "").strip())}
        return {"listing": snapshot.queue_page(selected(given), request.get_param("from")), "given": given}


class Find(Page):
    """
    What a person looks for: a queue id or a number leads to its message, an address to its mail.

    With an index of past mail, words lead to mail, too, also to what the queue has forgotten.
    """

    def read(self, snapshot: Snapshot, request: falcon.Request, now: float) -> Found:
        """The recipients with an address, live or not."""
        wanted = (request.get_param("q") or "").strip()
        try:
            reference = Reference.parse(wanted)
        except SyntaxViolation:
            return self._mail(snapshot, wanted)
        return {"at_once": f"/console/message/{reference}"}

    def _mail(self, snapshot: Snapshot, wanted: str) -> Found:
        past = self._sources.past
        if past.exists and wanted:
            try:
                return {"title": f"Mail with {wanted}", "listing": snapshot.found(past, wanted)}
            except EmpathError:
                pass  # an index that cannot be read, or words without a letter: the queue is there
        return {"title": f"Mail to {wanted}", "listing": snapshot.mail_to(wanted)}


class MessagePage(Page):
    """One message: how it came, and what became of each recipient."""

    template = "message"

    def read(self, snapshot: Snapshot, request: falcon.Request, now: float, reference: str = "") -> Found:
        """
        The message that *reference* names, see `Reference`.

        Raises:
            MissingInput: there is none.
        """
        try:
            message = snapshot.find_message(Reference.parse(reference.strip()), now)
        except SyntaxViolation as exc:
            raise MissingInput(str(exc)) from exc
        if message is None:
            raise MissingInput(f"no message {reference}; it may be gone: see [retention]")
        lives, said = [], snapshot.transcripts_of(message.id)
        for each in message.recipients[:_MOST_LIVES]:
            changes, reason = snapshot.changes_of(each.recipient_id), snapshot.reason_of(each.recipient_id)
            lives.append((each, life_of(message, each, changes, reason, now, transcripts=said)))
        judged = {name: value for name, value in snapshot.judgement_of(message.id).items() if value is not None}
        title = message.subject or message.id
        return {"title": title, "message": message, "judged": judged, "lives": lives, "now": now}


class Series:
    """`GET /console/series`: what the charts draw, as JSON."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer with one list of instants, and one of numbers for each line."""
        response.media = self._sources.history.series(time.time(), time.monotonic())

    on_head = on_get


def routes(sources: Sources) -> dict[str, object]:
    """All pages, by their path."""
    own = {"overview": Overview, "queue": Queue}
    pages = {f"/console/{name}": own.get(name, Page)(sources, name) for name in NAVIGATION}
    return {
        **pages,
        "/console": pages["/console/overview"],
        "/console/find": Find(sources, "find"),
        "/console/message/{reference}": MessagePage(sources, "message"),
        "/console/series": Series(sources),
    }
