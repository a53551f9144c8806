"""Content in the form that a peer accepts."""

import gevent

from empath.daemon.worker.content_fit import fit
from empath.smtp.client.capabilities import Capabilities
from empath.smtp.client.session import Transaction

LONG = b"\r\n" + "f\u00fcr alle\r\n".encode() * 50_000


def turns_of_others_while(task):
    """How often another greenlet had its turn while *task* ran."""
    turns = 0

    def other():
        nonlocal turns
        while True:
            turns += 1
            gevent.sleep(0)

    greenlet = gevent.spawn(other)
    task()
    greenlet.kill()
    return turns


def test_other_mail_has_its_turn_while_content_is_converted():
    """
    Eight megabytes line by line take seconds; no other lease of the worker may wait for that.
    """
    transaction = Transaction(reverse_path="", recipients={}, size=len(LONG), has_8bit=True)
    fitted = []
    sent: list[bytes] = []
    looks = turns_of_others_while(
        lambda: fitted.append(fit(transaction, lambda: iter([LONG]), Capabilities(), "convert"))
    )
    [(seven_bit, pieces)] = fitted
    sends = turns_of_others_while(lambda: sent.extend(pieces()))
    assert (False, True) == (seven_bit.has_8bit, b"".join(sent).isascii())
    slices = len(LONG) // (16 * 1024)
    assert (True, True) == (looks >= slices, sends >= slices)
