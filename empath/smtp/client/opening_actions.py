"""
opening_actions - what a client session does before its first transaction: greetings, STARTTLS, a login

`Opening` says what is asked for.  What the peer said before TLS does not count: its extensions are asked for again, and
octets that came behind its 220 fail the host, because anyone on the way may have put them there.
"""

from dataclasses import replace

from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.smtp.client import own_replies
from empath.smtp.client.capabilities import UNKNOWN_CAPABILITIES, Capabilities
from empath.smtp.client.conversation import Conversation
from empath.smtp.client.events import HandshakeWanted, HostFailed, Ready
from empath.smtp.client.login import CANCEL, LoginDialogue, refused
from empath.smtp.client.opening import TlsUse
from empath.smtp.client.states import ClientState


class OpeningActions(Conversation):
    """Actions up to the state READY."""

    def _send_ehlo(self, reply: Reply) -> ClientState:
        if (name := self._own_name(reply)) is not None:
            return self._end_loop(reply, name)
        state = ClientState.LHLO if self._is_lmtp else ClientState.EHLO
        self._out.append(self._greeting(state))
        return state

    def _greeting(self, state: ClientState) -> bytes:
        """The command that is answered in *state*."""
        return state.upper().encode() + b" " + self._ehlo_name + b"\r\n"

    def _send_helo(self, _: Reply) -> ClientState:
        self._out.append(self._greeting(ClientState.HELO))
        return ClientState.HELO

    def _send_helo_for_now(self, reply: Reply) -> ClientState:
        self._peer = UNKNOWN_CAPABILITIES
        return self._send_helo(reply)

    def _read_extensions(self, reply: Reply) -> ClientState:
        peer = Capabilities.parse(reply)
        # RFC 8689 §4: the extension exists inside TLS only.
        self._peer = replace(peer, has_requiretls=False) if peer.has_requiretls and not self._is_secured else peer
        if self._peer.has_pipelining:
            self._reader.allow_noise(0)  # a line that is passed over could be the reply to one command of a group
        return self._become_ready(reply)

    def _become_ready(self, reply: Reply) -> ClientState:
        if (name := self._own_name(reply)) is not None:
            return self._end_loop(reply, name)
        if not self._may_start_tls:
            return self._log_in()
        if self._peer.has_starttls:
            self._out.append(b"STARTTLS\r\n")
            return ClientState.STARTTLS
        return self._stay_in_clear(reply)

    def _begin_handshake(self, reply: Reply) -> ClientState:
        if self._reader.is_midway:
            return self._fail_injected(reply)
        self.events.append(HandshakeWanted())
        return ClientState.HANDSHAKE

    def _fail_injected(self, _: Reply) -> ClientState:
        self.events.append(HostFailed(Stage.TLS, own_replies.INJECTED))
        return self._close(own_replies.INJECTED)

    def _stay_in_clear(self, reply: Reply) -> ClientState:
        self._may_start_tls = False
        if self._state is ClientState.STARTTLS:
            self.tls_refusal = reply
        if self._opening.tls is TlsUse.REQUIRED:
            # Another session may show STARTTLS where EHLO was refused for now.
            is_lack = self._opening.for_requiretls and self._peer.is_known
            return self._decline(Stage.TLS, own_replies.NO_TLS_AT_ALL if is_lack else own_replies.NO_TLS)
        return self._log_in()

    def _log_in(self) -> ClientState:
        login = self._login
        if login is None:
            self.events.append(Ready())
            return ClientState.READY
        if not (self._is_secured or self._opening.may_log_in_clear):
            return self._decline(Stage.TLS, own_replies.NO_TLS_FOR_LOGIN)
        command = login.begin(self._peer.mechanisms, self._bindings)
        if isinstance(command, Reply):
            return self._decline(Stage.AUTH, command)
        self._out.append(command)
        return ClientState.AUTH

    def _answer_challenge(self, reply: Reply) -> ClientState:
        response = self._begun_login.answer(reply)
        if isinstance(response, Reply):
            state = self._decline(Stage.AUTH, response)
            self._out.insert(0, CANCEL)
            return state
        self._out.append(response)
        return ClientState.AUTH

    def _finish_login(self, _: Reply) -> ClientState:
        fault = self._begun_login.verdict()
        if fault is not None:
            return self._decline(Stage.AUTH, fault)
        self.events.append(Ready())
        return ClientState.READY

    def _refuse_login(self, reply: Reply) -> ClientState:
        command = self._begun_login.begin_again(reply, self._peer.mechanisms, self._bindings)
        if command is None:
            return self._turn_away(refused(reply))
        self._out.append(command)
        return ClientState.AUTH

    @property
    def _begun_login(self) -> LoginDialogue:
        assert self._login is not None
        return self._login

    def _decline(self, stage: Stage, reply: Reply) -> ClientState:
        """Leave a peer with which no transaction may begin."""
        self.events.append(HostFailed(stage, reply))
        state = self._close(reply)
        self._out.append(b"QUIT\r\n")
        return state

    def _turn_away(self, reply: Reply) -> ClientState:
        state = self._fail_host(reply)
        self._out.append(b"QUIT\r\n")  # RFC 5321 §3.1: a peer that refuses waits for QUIT
        return state

    def _own_name(self, reply: Reply) -> str | None:
        """The name that the peer gives itself, where it is a name of this host."""
        words = reply.text.split(None, 1)
        name = words[0].lower().removesuffix(".") if words else ""
        return name if name in self._own_names else None

    def _end_loop(self, reply: Reply, name: str) -> ClientState:
        self.events.append(HostFailed(Stage.EHLO, reply, name))
        state = self._close(reply)
        self._out.append(b"QUIT\r\n")
        return state

    def _turn_away_unexpected(self, reply: Reply) -> ClientState:
        return self._turn_away(self._unexpected(reply))

    def _end_unasked(self, reply: Reply) -> ClientState:
        if reply.klass < 4:
            reply = own_replies.early(reply.escaped(), "MAIL")
        self.events.append(HostFailed(Stage.EHLO, reply))
        return self._close(reply)
