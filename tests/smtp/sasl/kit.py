"""kit - the client's side of SCRAM, for the tests of exchanges and of the server"""

from empath.smtp.sasl.scram import client_key, client_proof, from_base64, salted_password, signed_text, to_base64


class ScramClient:
    """One exchange, as a client leads it; *header* is the gs2-header, *binding* the data of the channel."""

    def __init__(self, name, password, header="n,,", binding=b"", nonce="rOprNGfwEbeRWgbNEkqO"):
        self._password = password
        self._binding = to_base64(header.encode() + binding)
        self._bare = f"n={name},r={nonce}"
        self.first = (header + self._bare).encode()

    def final(self, server_first: bytes) -> bytes:
        """The answer to server-first."""
        text = server_first.decode()
        nonce, salt, iterations = (part[2:] for part in text.split(","))
        key = client_key(salted_password(self._password, from_base64(salt), int(iterations)))
        without_proof = f"c={self._binding},r={nonce}"
        proof = to_base64(client_proof(key, signed_text(self._bare, text, without_proof)))
        return f"{without_proof},p={proof}".encode()
