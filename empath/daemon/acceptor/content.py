"""
content - the content of one message while it arrives

Content stays in memory while it is small and the process holds little.  Otherwise it streams to the spool, in a thread,
so that a slow disk stops one session and not the hub.  Beyond the budget of the process every piece goes to the spool
at once, so that clients that stop in the middle of a message hold no more than the budget.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from empath.authentication.arriving import ArrivingMessage
from empath.authentication.canonical import ArrivingBody, Digests
from empath.daemon.process.threads import in_thread
from empath.daemon.process.turns import let_others_run
from empath.errors import StorageFailure
from empath.mail.identity import QueueId, Timestamp
from empath.message.blind_copies import BlindCopies
from empath.message.header import HeaderFields, HeaderSplitter, header_section
from empath.message.mailbox_lines import MailboxLines
from empath.storage.queue.accept import INLINE
from empath.storage.spool import SpoolFile

_CHUNK_OCTETS = 256 * 1024  # size of one write to the spool
_PIECE_OCTETS = 4096  # size up to which a piece in memory is joined with the next: an object has its own cost
_CRLF = b"\r\n"
_FIXED_OCTETS = 8192  # memory for one content besides its octets: its objects and the field that is being read


class ContentBudget:
    """Octets of unfinished content that one process holds in memory, and its limits."""

    __slots__ = ("held_octets", "inline_octets", "limit_octets")

    def __init__(self, *, inline_octets: int, limit_octets: int) -> None:
        self.inline_octets = inline_octets
        self.limit_octets = limit_octets
        self.held_octets = 0


class IncomingContent:
    """
    Content from DATA to its end, under the queue id that its message gets. Call `close` last, however it ended.

    After `finish`: size in octets, digest (hexadecimal SHA-256), has_8bit, fields, and either content whole with
    locator `inline`, or content None and the locator of a durable spool file. All this is of the octets received
    without the separator lines of a mailbox file, which are in mailbox_fields, and without Bcc where it is stripped; of
    content that was written anew, by `replace_header` or `replace_body`, it is of the new octets.
    What signs or checks signatures gives *arriving*, and finds the digests of the body in body_digests.
    """

    __slots__ = (
        "_arriving", "_blind_copies", "_hash", "_header", "_header_octets", "_held", "_mailbox_lines",
        "_make_spool_file", "_new_digests", "_pieces", "_spool_file", "begun_at", "budget", "content", "fields",
        "has_8bit", "is_closed", "is_kept", "locator", "queue_id", "size",
    )  # fmt: skip

    def __init__(
        self,
        budget: ContentBudget,
        make_spool_file: Callable[[], SpoolFile],
        *,
        queue_id: QueueId,
        begun_at: Timestamp,
        header_octets: int,
        strips_blind_copies: bool = False,
        arriving: ArrivingMessage | None = None,
    ) -> None:
        self.queue_id = queue_id
        self.begun_at = begun_at
        self._arriving = arriving
        self.budget = budget
        self._hash = hashlib.sha256()
        self._header = HeaderSplitter(header_octets)
        self._header_octets = header_octets
        self._held = _FIXED_OCTETS
        budget.held_octets += _FIXED_OCTETS
        self._mailbox_lines = MailboxLines()
        self._blind_copies = BlindCopies() if strips_blind_copies else None
        self._pieces: list[bytes] = []
        self._make_spool_file = make_spool_file  # few messages need one
        self._spool_file: SpoolFile | None = None
        self._new_digests: Digests | None = None  # of a body that took the place of the one that arrived
        self.content: bytes | None = None
        self.fields = HeaderFields()
        self.has_8bit = False
        self.is_closed = False
        self.is_kept = False
        self.locator = INLINE
        self.size = 0

    @property
    def is_header_too_large(self) -> bool:
        """Whether the header section is known to be over its limit; the message must then be refused."""
        return self._header.is_too_large

    @property
    def is_headerless(self) -> bool:
        """Whether the content is text that begins with no field and no blank line."""
        return self._header.is_headerless

    @property
    def mailbox_fields(self) -> bytes:
        """The separator lines of a mailbox file as fields, each line ended by CRLF."""
        return self._mailbox_lines.fields

    @property
    def digest(self) -> str:
        """Hexadecimal SHA-256 of the content."""
        return self._hash.hexdigest()

    @property
    def body_digests(self) -> Digests:
        """The forms of the body that were wanted, hashed; of content that is complete."""
        if self._new_digests is not None:
            return self._new_digests
        return {} if self._arriving is None else self._arriving.digests

    def add(self, octets: bytes) -> None:
        """
        Take the next piece.

        Raises:
            StorageFailure: the spool cannot be written.
        """
        if not self.has_8bit and not octets.isascii():
            self.has_8bit = True
        octets = self._mailbox_lines.feed(octets)
        self._take(octets if self._blind_copies is None else self._blind_copies.feed(octets))
        budget = self.budget
        is_over_budget = budget.held_octets > budget.limit_octets
        if self.locator is INLINE and (is_over_budget or self.size > budget.inline_octets):
            self._spool_file = self._make_spool_file()
            self.locator = self._spool_file.locator
        if self._spool_file and self._pieces and (is_over_budget or self._held >= _CHUNK_OCTETS):
            self._spill(self._spool_file)

    def finish(self) -> None:
        """
        The end of data was seen: complete the content.

        Raises:
            StorageFailure: the spool cannot be written.
        """
        octets = self._mailbox_lines.finish()  # nothing, where the content ends in CRLF
        if self._blind_copies is not None:
            octets = self._blind_copies.feed(octets) + self._blind_copies.finish()
        self._take(octets)
        if not self._header.is_complete:
            self.fields.add(self._header.finish())
        if self._arriving is not None:
            self._arriving.finish()
        if self._spool_file is None:
            self.content = b"".join(self._pieces)
        else:
            if self._pieces:
                self._spill(self._spool_file)
            in_thread(self._spool_file.complete)

    def header(self, limit: int) -> bytes:
        """
        The header section of the content, which is complete, without the blank line; at most *limit* octets.

        Raises:
            StorageFailure: the spool cannot be read.
        """
        if self.is_headerless:
            return b""
        start = self.content if self._spool_file is None else in_thread(self._spool_file.read_start, limit + 4)
        return header_section(start or b"", limit)

    def chunks(self) -> Iterator[bytes]:
        """
        The whole content, which is complete, in pieces.

        Raises:
            StorageFailure: the spool cannot be read.
        """
        if self._spool_file is None:
            yield self.content or b""
            return
        at = 0
        while octets := in_thread(self._spool_file.read, at, _CHUNK_OCTETS):
            at += len(octets)
            yield octets

    def body(self, header: bytes) -> Iterator[bytes]:
        """
        The body of the content, which is complete and whose header section is *header*, in pieces.

        Raises:
            StorageFailure: the spool cannot be read.
        """
        left, start = len(header), b""
        is_begun = self.is_headerless  # the empty line after the header is no part of it
        for chunk in self.chunks():
            piece = chunk[left:]
            left = max(0, left - len(chunk))
            if not is_begun:
                start += piece
                if len(start) < len(_CRLF):
                    continue
                piece, is_begun = start.removeprefix(_CRLF), True
            if piece:
                yield piece

    def replace_header(self, old: bytes, new: bytes) -> None:
        """
        Write the content, which is complete, anew, with *new* in place of the header section *old*.

        Raises:
            StorageFailure: the spool cannot be written.
        """
        if self.is_headerless and new:
            new += b"\r\n"  # the text is no longer headerless
            self._header.is_headerless = False
        self._begin_anew(new)
        if self._spool_file is not None:
            in_thread(self._spool_file.replace_start, len(old), new, self._count)
            return
        self._hold(new + (self.content or b"")[len(old) :])

    def replace_body(self, header: bytes, body: Sequence[bytes]) -> None:
        """
        Write the content, which is complete, anew, as *header* and *body*.

        Raises:
            StorageFailure: the spool cannot be written.
        """
        self._header.is_headerless = False
        self._begin_anew(header)
        pieces = (header, _CRLF, *body)
        size = sum(map(len, pieces))
        if self._spool_file is None and size <= self.budget.inline_octets:
            self._hold(b"".join(pieces))
        elif self._spool_file is None:
            spool_file = self._spool_file = self._make_spool_file()
            self.locator = spool_file.locator
            in_thread(_write_whole, spool_file, pieces, self._count)
            self._free_content()
        else:
            in_thread(self._spool_file.replace, pieces, self._count)
        if self._arriving is not None:
            hashed = ArrivingBody(self._arriving.digests)
            for piece in body:
                hashed.feed(piece)
                let_others_run()
            self._new_digests = hashed.finish()

    def _begin_anew(self, header: bytes) -> None:
        """Forget what was known of the content, which gets this *header*."""
        self._hash = hashlib.sha256()
        self.size, self.has_8bit, self.fields = 0, False, HeaderFields()
        splitter = HeaderSplitter(self._header_octets)
        self.fields.add(splitter.feed(header))
        self.fields.add(splitter.finish())

    def _hold(self, content: bytes) -> None:
        """Keep *content* in memory in place of the content."""
        more = len(content) - len(self.content or b"")
        self.content = content
        self._count(content)
        self.budget.held_octets += more
        self._held += more

    def _free_content(self) -> None:
        """The spool has the content now."""
        self.budget.held_octets -= len(self.content or b"")
        self._held -= len(self.content or b"")
        self.content = None
        self._pieces.clear()

    def close(self) -> None:
        """Give the memory back, and remove the spool file unless `is_kept` says that a row may name it."""
        if self.is_closed:
            return
        self.is_closed = True
        self.budget.held_octets -= self._held
        self._held = 0
        self._pieces.clear()
        if self._spool_file is None:
            return
        if self.is_kept:
            self._spool_file.close()
            return
        try:
            in_thread(self._spool_file.discard)
        except StorageFailure:  # no thread can be started
            self._spool_file.discard()

    def _take(self, octets: bytes) -> None:
        if not octets:
            return
        self._hash.update(octets)
        if not self._header.is_complete:
            self.fields.add(self._header.feed(octets))
        if self._arriving is not None:
            self._arrive(self._arriving, octets)
        if self._pieces and len(self._pieces[-1]) < _PIECE_OCTETS:
            self._pieces[-1] += octets
        else:
            self._pieces.append(octets)
        self._held += len(octets)
        self.budget.held_octets += len(octets)
        self.size += len(octets)

    def _arrive(self, arriving: ArrivingMessage, octets: bytes) -> None:
        """Hash a piece for signatures. A header that is not complete is held once more for them."""
        before = arriving.held_octets
        arriving.feed(octets, is_headerless=self._header.is_headerless)
        self._held += arriving.held_octets - before
        self.budget.held_octets += arriving.held_octets - before

    def _count(self, octets: bytes) -> None:
        """Take a piece of the content that is written anew into its size and digest."""
        self._hash.update(octets)
        self.size += len(octets)
        self.has_8bit = self.has_8bit or not octets.isascii()

    def _spill(self, spool_file: SpoolFile) -> None:
        chunk = b"".join(self._pieces)
        self._pieces.clear()
        in_thread(spool_file.write, chunk)
        self.budget.held_octets -= len(chunk)
        self._held -= len(chunk)


def _write_whole(spool_file: SpoolFile, pieces: Iterable[bytes], count: Callable[[bytes], object]) -> None:
    for piece in pieces:
        count(piece)
        spool_file.write(piece)
    spool_file.complete()
