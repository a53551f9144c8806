"""
edited_header - the header of a message that filters and modules change before it is queued

THEORY
    What they see is not one piece of octets.  Fields that this host adds are kept apart from the content, so that the
    content stays as received; its own Received field stands between fields above it and fields below it, and nobody
    edits that one.  So there are three lists: above the Received field, below it, and the header of the content.

    Positions count what is seen: all three lists one after another.  Only a change of the third makes it necessary to
    write the content anew.
"""

from collections.abc import Iterable

from empath.message.fields import Fields
from empath.message.header import field_name


class EditedHeader:
    """
    The fields of one message, in progress.

    Shape: fields are whole, with their line ends; above and below are over and under the Received field of this host;
    original is the header section of the content as it is stored. hidden is a field that `replace_all` does not see,
    None for none.
    """

    __slots__ = ("_content", "above", "below", "hidden", "original")

    def __init__(
        self,
        original: bytes,
        *,
        above: Iterable[bytes] = (),
        below: Iterable[bytes] = (),
        hidden: bytes | None = None,
    ) -> None:
        self.original = original
        self.above = list(above)
        self.below = list(below)
        self.hidden = hidden
        self._content: list[bytes] | None = None  # what it has become, None while it is the original

    def copy(self) -> "EditedHeader":
        """Another one with the same fields: an edit that fails leaves the first as it was."""
        made = EditedHeader(self.original, above=self.above, below=self.below, hidden=self.hidden)
        made._content = None if self._content is None else self._content.copy()
        return made

    @property
    def content(self) -> list[bytes]:
        """The fields of the content."""
        return Fields.of(self.original).octets if self._content is None else self._content

    @property
    def is_content_changed(self) -> bool:
        """Whether the content must be written anew."""
        return self._content is not None

    @property
    def fields(self) -> list[bytes]:
        """All fields, from the top."""
        return [*self.above, *self.below, *self.content]

    @property
    def visible(self) -> bytes:
        """The section as `replace_all` sees it."""
        return b"".join(field for field in self.fields if field is not self.hidden)

    @property
    def size(self) -> int:
        """Octets of all fields."""
        own = sum(map(len, self.above)) + sum(map(len, self.below))
        return own + (len(self.original) if self._content is None else sum(map(len, self._content)))

    def settle(self) -> None:
        """The content has been written with its fields as they are."""
        self.original = b"".join(self.content)
        self._content = None

    def append(self, field: bytes) -> None:
        """Add *field* below the Received field of this host, under others there."""
        self.below.append(field)

    def insert(self, place: int, field: bytes) -> None:
        """
        Add *field* as number *place*. 0 is the top of all; from 1 on the fields that are seen are counted, and a place
        beyond the last is the end.
        """
        at = max(0, place - 1)
        if place == 0 or at < len(self.above):
            self.above.insert(at, field)
        elif at - len(self.above) <= len(self.below):
            self.below.insert(at - len(self.above), field)
        else:
            self._changing().insert(at - len(self.above) - len(self.below), field)

    def change(self, number: int, name: bytes, new: bytes) -> None:
        """
        Put *new* in place of field number *number*, from 1, of those with this *name* in lower case; empty *new*
        removes it. If there is no such field, *new* is added.
        """
        left = max(1, number)
        for fields, place in self._places(name):
            left -= 1
            if left == 0:
                changed = self._changing() if fields is None else fields
                changed[place : place + 1] = [new] if new else []
                return
        if new:
            self.append(new)

    def replace_all(self, name: bytes, new: bytes) -> None:
        """
        Put *new* in place of the first field of this *name*, in lower case, and remove the others; empty *new* removes
        all. If there is none, *new* becomes the first field of the content.
        """
        found = [(fields, at) for fields, at in self._places(name) if fields is None or fields[at] is not self.hidden]
        if not found and new:
            self._changing().insert(0, new)
        for number, (fields, at) in reversed(list(enumerate(found))):  # from the end: the places before stay
            changed = self._changing() if fields is None else fields
            changed[at : at + 1] = [new] if new and number == 0 else []

    def _places(self, name: bytes) -> list[tuple[list[bytes] | None, int]]:
        """Where fields of this *name* are: the list, None for the content, and the place in it."""
        lists: tuple[tuple[list[bytes] | None, list[bytes]], ...] = (
            (self.above, self.above), (self.below, self.below), (None, self.content),
        )  # fmt: skip
        return [(key, at) for key, fields in lists for at, field in enumerate(fields) if field_name(field) == name]

    def _changing(self) -> list[bytes]:
        if self._content is None:
            self._content = self.content
        return self._content
