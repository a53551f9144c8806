"""
content_fit - content in the form that a peer accepts

A peer without 8BITMIME gets 8-bit content converted, RFC 6152 §3.  Only a reading of the whole content shows whether
that is possible, so content is read twice: once before MAIL, once on the way.  Nearly every host offers the extension,
and pure ASCII mail skips this module.

Looking at each line takes a second of CPU for a few megabytes.  So content is read in slices, and other leases have
their turn after each slice.
"""

from collections.abc import Callable, Iterator
from typing import Final

import gevent

from empath.mail.envelope import BodyType
from empath.message.downgrade import converted, examine
from empath.message.folding import folded, has_long_line
from empath.policy.destinations.settings import Without8BitMime
from empath.smtp.client.capabilities import Capabilities
from empath.smtp.client.transaction import Transaction

Pieces = Callable[[], Iterator[bytes]]  # the content, from its beginning at each call
_SLICE_OCTETS: Final = 16 * 1024  # ten milliseconds at worst, when all lines are empty


def fit(
    transaction: Transaction, pieces: Pieces, peer: Capabilities, without_8bitmime: Without8BitMime
) -> tuple[Transaction, Pieces]:
    """
    Give *transaction*, which has 8-bit content, and its content in a form for *peer*; unchanged if there is none.

    Raises:
        StorageFailure: the content cannot be read.
    """
    needs_smtputf8 = transaction.is_smtputf8 and not peer.has_smtputf8
    if peer.takes_8bit and not needs_smtputf8:
        return transaction, pieces
    found = examine(_in_slices(pieces()))
    if needs_smtputf8:
        if found.has_8bit_header:
            return transaction, pieces
        # RFC 6531 §3.2 is about what is in the message: SMTPUTF8 was asked for, and only the body goes beyond ASCII.
        transaction = transaction._replace(is_smtputf8=False)
    if peer.takes_8bit:
        return transaction, pieces
    if without_8bitmime != "bounce" and found.obstacle is None:
        # How large it becomes is not known yet, so no size is announced.
        seven_bit = transaction._replace(has_8bit=False, body_type=BodyType.SEVEN_BIT, is_size_exact=False)
        return seven_bit, lambda: converted(_in_slices(pieces()), found)
    if without_8bitmime == "convert-or-send":
        return transaction._replace(has_8bit=False), pieces
    return transaction._replace(why_not_converted=found.obstacle or "conversion is switched off"), pieces


def fold(transaction: Transaction, pieces: Pieces) -> tuple[Transaction, Pieces]:
    """
    Give *transaction* and its content with lines of at most 998 octets; unchanged without longer ones, or if signed.

    Raises:
        StorageFailure: the content cannot be read.
    """
    if not has_long_line(_in_slices(pieces())) or examine(_in_slices(pieces())).is_signed:
        return transaction, pieces
    return transaction._replace(is_size_exact=False), lambda: folded(_in_slices(pieces()))


def _in_slices(pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), _SLICE_OCTETS):
            yield piece[start : start + _SLICE_OCTETS]
            gevent.sleep(0)
