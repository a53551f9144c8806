"""
certificates - the certificates that a configuration names, as what listeners present
"""

from pathlib import Path

from empath.config.model import Config
from empath.daemon.process.tls_files import TlsFiles
from empath.net.certificate import KeyPair, PemFile, ServerTls


def server_tls(config: Config, files: TlsFiles) -> ServerTls | None:
    """
    What the listeners of *config* present, None if none of them speaks TLS; *files* are those that it names.

    Raises:
        ConfigError: a certificate or key cannot be used; the text is one line.
    """
    if not config.uses_tls:
        return None
    pairs = [KeyPair(_file(pair.certificate, files), _file(pair.key, files), pair.names) for pair in config.tls.pairs]
    return ServerTls(pairs, config.tls.minimum)


def _file(path: Path, files: TlsFiles) -> PemFile:
    return PemFile(path, files[str(path)])
