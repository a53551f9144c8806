"""
probe - asks a host by RCPT whether an address exists, without I/O, and sends no mail

The dialogue is banner, EHLO (LHLO for LMTP), MAIL with the null reverse-path, RCPT, QUIT, one command at a time.  Only
the reply to RCPT says something of the address: a host that refuses before may refuse everyone.
"""

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.mail.reply import Reply
from empath.smtp.client.reply_reader import ReplyReader

_NOISE_LINES = 20  # that are no reply, before the end of one, as in a session: one command waits for an answer
_LOST = Reply.of("451 4.4.2 Connection lost")
_GARBAGE = Reply.of("451 4.5.0 Protocol error")
_REFUSED = Reply.of("451 4.4.0 The host refuses to answer")


class Probe:
    """
    One question about *address*. Give what the host sends to `receive`, send what `octets_to_send` gives, until
    `answer` is there: 2yz or 5yz of RCPT itself, or a 4yz that says nothing.
    """

    def __init__(self, ehlo_name: str, address: Address, *, is_lmtp: bool) -> None:
        mail = "MAIL FROM:<>" if address.is_ascii else "MAIL FROM:<> SMTPUTF8"
        self._commands = [f"{'LHLO' if is_lmtp else 'EHLO'} {ehlo_name}", mail, f"RCPT TO:<{address}>"]
        self._helo = None if is_lmtp else f"HELO {ehlo_name}"
        self._asked: str | None = None
        self._out = b""
        self._reader = ReplyReader(_NOISE_LINES)
        self.answer: Reply | None = None

    def receive(self, octets: bytes) -> None:
        """Take what the host sent; b"" if it closed the connection."""
        if not octets:
            self._end(_LOST)
            return
        self._reader.receive(octets)
        try:
            while self.answer is None and (reply := self._reader.next_reply()) is not None:
                self._take(reply)
        except SyntaxViolation:
            self._end(_GARBAGE)

    def octets_to_send(self) -> bytes:
        """Take the octets to send."""
        octets, self._out = self._out, b""
        return octets

    def _take(self, reply: Reply) -> None:
        if not self._commands:
            self._end(reply if reply.code // 100 in (2, 4, 5) else _GARBAGE)
        elif reply.code // 100 == 2:
            self._ask(self._commands.pop(0))
        elif self._asked is not None and self._asked.startswith("EHLO") and self._helo is not None:
            self._ask(self._helo)
        else:
            self._end(_REFUSED if reply.code // 100 != 4 else reply)

    def _ask(self, command: str) -> None:
        self._asked = command
        self._out += command.encode() + b"\r\n"

    def _end(self, answer: Reply) -> None:
        if self.answer is None:
            self.answer = answer
            self._out += b"QUIT\r\n"
