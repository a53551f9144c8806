"""
chunks - one chunk of BDAT on its way, from its command to the last octet, RFC 3030 §2

The octets of a chunk follow its command at once, so they are read even where the command is refused, and the reply
follows the last of them.
"""

from typing import NamedTuple

from empath.mail.reply import Reply
from empath.smtp.server import replies
from empath.smtp.server.content import ChunkReader
from empath.smtp.server.events import ContentEnded, ContentRefused
from empath.smtp.server.states import ServerSignal


class ChunkEnd(NamedTuple):
    """
    What a chunk has come to with its last octet.

    Shape: signal is what it means for the dialogue; answer is the reply, or the event that the driver answers; refused
    is the event that tells the driver to drop the content.
    """

    signal: ServerSignal
    answer: Reply | ContentEnded | None
    refused: ContentRefused | None = None


class Chunk:
    """
    A chunk on its way.

    Shape: left is the octets that are still to come; fate is the reader that takes them, or the reply that refuses them
    and follows the last one; None: the driver was asked.
    """

    __slots__ = ("fate", "left", "signal")

    def __init__(self, signal: ServerSignal, octets: int) -> None:
        """*signal* says whether the chunk is the last one of its message."""
        self.signal = signal
        self.left = octets
        self.fate: ChunkReader | Reply | None = None

    def take(self, octets: bytes) -> bytes:
        """Take the next octets of the chunk, at most `left`; give those of the message that are certain by now."""
        self.left -= len(octets)
        if not isinstance(self.fate, ChunkReader):
            return b""
        return self.fate.feed(octets, is_last=self.signal is ServerSignal.BDAT_LAST and not self.left)

    def end(self) -> ChunkEnd:
        """What follows, now that no octet is left."""
        reader = self.fate
        if not isinstance(reader, ChunkReader):
            return ChunkEnd(self.signal, reader)
        is_last = self.signal is ServerSignal.BDAT_LAST
        signal = ServerSignal.END_OF_DATA if is_last else ServerSignal.END_OF_CHUNK
        if reader.refusal is not None:
            return ChunkEnd(signal, reader.refusal, ContentRefused(reader.refusal))
        return ChunkEnd(signal, ContentEnded(reader.size) if is_last else replies.CHUNK_OK)
