"""
scram - SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, RFC 5802 and RFC 7677

The password does not cross the wire, and the server keeps keys from which it cannot be read.  With channel binding,
which is -PLUS, both sides also prove that they see the same certificate: nothing sits between them.

Both sides sign the same text: client-first without its header, server-first, and client-final without the proof.
"""

import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from empath.errors import SyntaxViolation
from empath.smtp.sasl.prepared import prepared
from empath.smtp.sasl.steps import Challenge, KeysWanted, Malformed, Proved, Refused, Step

KEY_OCTETS: Final = 32
ITERATIONS: Final = 65_536  # of new keys; RFC 7677 §4 asks for 4096 at least, and clients with Cyrus SASL refuse more

_HASH: Final = "sha256"
_NONCE: Final = r"[!-+\--~]+"  # printable ASCII without the comma
_BASE64: Final = r"[A-Za-z0-9+/]+={0,2}"
_CLIENT_FIRST = re.compile(rf"((n|y|p=([A-Za-z0-9.-]+)),(?:a=([^,\0]*))?,)(n=([^,\0]+),r=({_NONCE})(?:,[^\0]*)?)")
_CLIENT_FINAL = re.compile(rf"(c=({_BASE64}),r=({_NONCE})(?:,[^\0]*)?),p=({_BASE64})")
_BAD_ESCAPE = re.compile(r"=(?!2C|3D)")
_KEYS = re.compile(rf"SCRAM-SHA-256\$([1-9][0-9]{{0,8}}):({_BASE64})\$({_BASE64}):({_BASE64})")


@dataclass(frozen=True, slots=True)
class ScramKeys:
    """
    What a server keeps in place of a password, RFC 5802 §3.

    Shape: both keys have KEY_OCTETS.
    Text form: `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`, in base64, as of RFC 5803.
    """

    salt: bytes
    iterations: int
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)

    @classmethod
    def of(cls, password: str, salt: bytes, iterations: int = ITERATIONS) -> "ScramKeys":
        """Derive the keys of a prepared *password*. This takes some hundredths of a second."""
        salted = salted_password(password, salt, iterations)
        return cls(salt, iterations, _digest(client_key(salted)), _hmac(salted, b"Server Key"))

    @classmethod
    def parse(cls, text: str) -> "ScramKeys":
        """
        Read the text form.

        Raises:
            SyntaxViolation: *text* has another form.
        """
        match = _KEYS.fullmatch(text)
        if match is None:
            raise SyntaxViolation("not keys of SCRAM-SHA-256")
        salt, stored_key, server_key = (from_base64(part) for part in match.groups()[1:])
        if not len(stored_key) == len(server_key) == KEY_OCTETS:
            raise SyntaxViolation("keys of SCRAM-SHA-256 have 32 octets")
        return cls(salt, int(match[1]), stored_key, server_key)

    def __str__(self) -> str:
        salt, stored_key, server_key = map(to_base64, (self.salt, self.stored_key, self.server_key))
        return f"SCRAM-SHA-256${self.iterations}:{salt}${stored_key}:{server_key}"


class ScramServer:
    """
    One exchange, as the server leads it: client-first, the keys, client-final, and an empty response to server-final.
    """

    __slots__ = (
        "_binding",
        "_bindings",
        "_client_first",
        "_is_plus",
        "_keys",
        "_name",
        "_nonce",
        "_offers_plus",
        "_read",
        "_server_first",
    )

    def __init__(self, nonce: str, bindings: Mapping[str, bytes], *, is_plus: bool, offers_plus: bool) -> None:
        """
        *nonce* is the server's part, new for each exchange. *bindings* has the data of the channel by the name of its
        type, RFC 5056. *offers_plus* says whether this session offers SCRAM-SHA-256-PLUS.
        """
        self._nonce = nonce
        self._bindings = bindings
        self._is_plus = is_plus
        self._offers_plus = offers_plus
        self._read: Callable[[str], Step] = self._read_client_first
        self._binding = b""  # header of client-first and data of the channel, as client-final repeats them
        self._client_first = ""
        self._server_first = ""
        self._name = ""
        self._keys: ScramKeys | None = None

    def respond(self, response: bytes | None) -> Step:
        """See `ServerExchange`."""
        if response is None:
            return Challenge(b"")
        try:
            return self._read(response.decode())
        except (UnicodeDecodeError, SyntaxViolation):
            return Malformed()

    def refuse(self) -> Step:
        """See `ServerExchange`."""
        return Refused()

    def use(self, keys: ScramKeys) -> Step:
        """
        Go on with the keys of the account that KeysWanted named.

        Keys of a name that has no account must look like those of one, and must be the same each time.
        """
        self._keys = keys
        self._server_first = f"r={self._nonce},s={to_base64(keys.salt)},i={keys.iterations}"
        self._read = self._read_client_final
        return Challenge(self._server_first.encode())

    def _read_client_first(self, text: str) -> Step:
        match = _CLIENT_FIRST.fullmatch(text)
        if match is None:
            return Malformed()
        header, flag, binding, acting_as, self._client_first, name, nonce = match.groups()
        # "y": the client could bind, and was not offered it. If it was, something on the way has cut it from the offer.
        if self._is_plus != (binding is not None) or (flag == "y" and self._offers_plus):
            return Refused()
        if binding is not None and binding not in self._bindings:
            return Refused()
        self._binding = header.encode() + (self._bindings[binding] if binding is not None else b"")
        self._nonce = nonce + self._nonce
        names = {_unescaped(each) for each in (name, acting_as) if each}
        try:
            spellings = set(map(prepared, names))
        except SyntaxViolation:
            return Refused()
        if len(spellings) > 1:  # it would act as another account
            return Refused()
        (self._name,) = spellings
        return KeysWanted(self._name)

    def _read_client_final(self, text: str) -> Step:
        match = _CLIENT_FINAL.fullmatch(text)
        if match is None or self._keys is None:
            return Malformed()
        without_proof, binding, nonce, proof = match[1], from_base64(match[2]), match[3], from_base64(match[4])
        if binding != self._binding or nonce != self._nonce or len(proof) != KEY_OCTETS:
            return Refused()
        signed = signed_text(self._client_first, self._server_first, without_proof)
        proved_key = _xor(proof, _hmac(self._keys.stored_key, signed))
        if not hmac.compare_digest(_digest(proved_key), self._keys.stored_key):
            return Refused()
        self._read = self._read_acknowledgement
        return Challenge(b"v=" + to_base64(_hmac(self._keys.server_key, signed)).encode())

    def _read_acknowledgement(self, text: str) -> Step:
        return Malformed() if text else Proved(self._name)


def salted_password(password: str, salt: bytes, iterations: int) -> bytes:
    """Derive `SaltedPassword` of a prepared password."""
    return hashlib.pbkdf2_hmac(_HASH, password.encode(), salt, iterations)


def client_key(salted: bytes) -> bytes:
    """Derive `ClientKey`, which only the client has."""
    return _hmac(salted, b"Client Key")


def signed_text(client_first: str, server_first: str, client_final: str) -> bytes:
    """Join what both sides sign, `AuthMessage`: the parts of the three messages that stand in the signature."""
    return f"{client_first},{server_first},{client_final}".encode()


def client_proof(key: bytes, signed: bytes) -> bytes:
    """Prove to have the client's *key*."""
    return _xor(key, _hmac(_digest(key), signed))


def server_signature(salted: bytes, signed: bytes) -> bytes:
    """Prove to have the server's key, as the client that knows the password can check."""
    return _hmac(_hmac(salted, b"Server Key"), signed)


def to_base64(octets: bytes) -> str:
    """Write base64 in one line."""
    return binascii.b2a_base64(octets, newline=False).decode()


def from_base64(text: str) -> bytes:
    """
    Read base64 in one line, in its one spelling.

    Raises:
        SyntaxViolation: it is something else.
    """
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as exc:
        raise SyntaxViolation("not base64") from exc


def _unescaped(name: str) -> str:
    if _BAD_ESCAPE.search(name):
        raise SyntaxViolation("a name has = only in =2C and =3D")
    return name.replace("=2C", ",").replace("=3D", "=")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _digest(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()


def _hmac(key: bytes, octets: bytes) -> bytes:
    return hmac.digest(key, octets, _HASH)
