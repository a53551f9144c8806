"""dkim_peers - programs of others that check signatures: OpenDKIM, Mail::DKIM and dkimpy, as Debian has them"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

_PYTHON = "/usr/bin/python3"
_DKIMPY = """
import dkim, json, sys
texts = json.load(open(sys.argv[1]))
message = open(sys.argv[2], "rb").read()
checker = dkim.DKIM(message)
def answer(name, timeout=5):
    return texts[name.decode().rstrip(".")].encode()
for number in range(int(sys.argv[3])):
    print("pass" if checker.verify(number, answer) else "fail")
"""
_MAIL_DKIM = """
use strict; use JSON::PP; use Mail::DKIM::Verifier; use Mail::DKIM::PublicKey;
local $/;
open(my $k, '<', $ARGV[0]); my $texts = decode_json(<$k>);
no warnings 'redefine';
*Mail::DKIM::PublicKey::fetch_async = sub {
    my ($class, %asked) = @_;
    my $key = $class->parse($texts->{"$asked{Selector}._domainkey.$asked{Domain}"});
    return sub { $asked{Callbacks}{Success} ? $asked{Callbacks}{Success}->($key) : $key };
};
open(my $m, '<:raw', $ARGV[1]); my $message = <$m>;
my $checker = Mail::DKIM::Verifier->new(); $checker->PRINT($message); $checker->CLOSE;
print map { $_->algorithm . ' ' . $_->result . "\\n" } $checker->signatures;
"""


_DKIMPY_ARC = """
import dkim, json, sys
texts = json.load(open(sys.argv[1]))
def answer(name, timeout=5):
    return texts[name.decode().rstrip(".")].encode()
cv, _, _ = dkim.arc_verify(open(sys.argv[2], "rb").read(), dnsfunc=answer)
print(cv.decode())
"""
_MAIL_DKIM_ARC = _MAIL_DKIM.replace("use Mail::DKIM::Verifier;", "use Mail::DKIM::ARC::Verifier;")
_MAIL_DKIM_ARC = (
    _MAIL_DKIM_ARC.partition("my $checker")[0]
    + """
my $checker = Mail::DKIM::ARC::Verifier->new(); $checker->PRINT($message); $checker->CLOSE;
print $checker->result . "\\n";
"""
)


def chain_by_dkimpy(folder: Path, message: bytes, texts: Mapping[str, str]) -> list[str]:
    """What dkimpy says of the chain of *message*: one word."""
    return _run([_PYTHON, "-c", _DKIMPY_ARC], folder, message, texts)


def chain_by_mail_dkim(folder: Path, message: bytes, texts: Mapping[str, str]) -> list[str]:
    """What Mail::DKIM says of it."""
    return _run(["perl", "-e", _MAIL_DKIM_ARC], folder, message, texts)


def opendkim(folder: Path, message: bytes, texts: Mapping[str, str]) -> str:
    """What OpenDKIM says of *message*: of its first signature whose algorithm it knows, which is not Ed25519."""
    program = shutil.which("opendkim", path="/usr/sbin:/usr/bin:/sbin:/bin")
    assert program is not None, "install the Debian package opendkim"
    (folder / "keys").write_text("".join(f"{name} {text}\n" for name, text in texts.items()))
    (folder / "conf").write_text(f"Mode v\nTestDNSData {folder}/keys\nSyslog no\n")
    (folder / "message").write_bytes(message)
    command = [program, "-x", str(folder / "conf"), "-t", str(folder / "message")]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout


def mail_dkim(folder: Path, message: bytes, texts: Mapping[str, str]) -> list[str]:
    """What Mail::DKIM says of each signature: its algorithm and a word."""
    return _run(["perl", "-e", _MAIL_DKIM], folder, message, texts)


def dkimpy(folder: Path, message: bytes, texts: Mapping[str, str], signatures: int) -> list[str]:
    """What dkimpy says of each signature: pass or fail."""
    return _run([_PYTHON, "-c", _DKIMPY], folder, message, texts, str(signatures))


def _run(command: list[str], folder: Path, message: bytes, texts: Mapping[str, str], *more: str) -> list[str]:
    (folder / "texts.json").write_text(json.dumps(dict(texts)))
    (folder / "message").write_bytes(message)
    files = [str(folder / "texts.json"), str(folder / "message"), *more]
    done = subprocess.run([*command, *files], capture_output=True, text=True, timeout=60, check=False)
    assert 0 == done.returncode, done.stderr
    return done.stdout.splitlines()
