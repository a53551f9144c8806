"""
channel_binding - what both ends of a TLS connection know about it, RFC 5929

`tls-server-end-point` is a hash of the server's certificate, made with the hash of its signature.  A client that sees
another certificate than the one that the server presents has another value.  OpenSSL knows `tls-exporter`, too, and
Python's `ssl` does not offer it.
"""

import hashlib
from functools import lru_cache
from typing import Final

END_POINT: Final = "tls-server-end-point"

# Object identifiers of signature algorithms, in DER, and their hashes. MD5 and SHA-1 count as SHA-256, RFC 5929 §4.1.
_HASHES: Final = {
    bytes.fromhex("2a864886f70d010104"): "sha256",  # md5WithRSAEncryption
    bytes.fromhex("2a864886f70d010105"): "sha256",  # sha1WithRSAEncryption
    bytes.fromhex("2a864886f70d01010b"): "sha256",  # sha256WithRSAEncryption
    bytes.fromhex("2a864886f70d01010c"): "sha384",
    bytes.fromhex("2a864886f70d01010d"): "sha512",
    bytes.fromhex("2a8648ce3d0401"): "sha256",  # ecdsa-with-SHA1
    bytes.fromhex("2a8648ce3d040302"): "sha256",  # ecdsa-with-SHA256
    bytes.fromhex("2a8648ce3d040303"): "sha384",
    bytes.fromhex("2a8648ce3d040304"): "sha512",
}


@lru_cache(maxsize=64)
def end_point(der: bytes) -> bytes | None:
    """The value for the certificate *der*; None where its signature has no one hash, as with Ed25519 and RSA-PSS."""
    try:
        certificate = _content(der, 0)[0]
        start = _content(der, certificate)[1]  # behind the signed part
        oid, end = _content(der, _content(der, start)[0])
    except IndexError:
        return None
    name = _HASHES.get(der[oid:end])
    return None if name is None else hashlib.new(name, der).digest()


def _content(der: bytes, at: int) -> tuple[int, int]:
    """Where the content of the element at *at* begins and ends."""
    length, at = der[at + 1], at + 2
    if length >= 0x80:
        octets = length & 0x7F
        length, at = int.from_bytes(der[at : at + octets], "big"), at + octets
    return at, at + length
