"""certificate - the certificate of both servers: ECDSA on P-256, from an authority of this run"""

import os
from functools import cache
from pathlib import Path
from typing import Final

import trustme

CERTIFICATE: Final = "certificate.pem"
KEY: Final = "key.pem"


@cache
def _issued() -> trustme.LeafCert:
    return trustme.CA().issue_cert("mx.bench.example", key_type=trustme.KeyType.ECDSA)


def write_certificate(directory: Path) -> None:
    """Write the certificate with its chain, and its key, into *directory*."""
    leaf = _issued()
    (directory / CERTIFICATE).write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    (directory / KEY).touch(0o600)
    leaf.private_key_pem.write_to_path(os.fspath(directory / KEY))
