"""spf_peer - pyspf of Debian, which says of many checks at once what SPF makes of them"""

import json
import subprocess
from collections.abc import Sequence
from typing import Any

_PYTHON = "/usr/bin/python3"  # that of Debian, which has python3-spf
_PYSPF = """
import json, spf, sys
zone = {}
def look_up(name, kind, tcpfallback=True, timeout=30):
    found = zone.get(name.lower().rstrip("."), {}).get(kind, [])
    read = {"TXT": lambda each: [each.encode()], "MX": tuple}.get(kind, lambda each: each)
    return [((name, kind), read(each)) for each in found]
spf.DNSLookup = look_up
for check in json.load(sys.stdin):
    zone = check["zone"]
    print(spf.query(i=check["client"], s=check["mail_from"], h=check["helo"]).check()[0])
"""


def pyspf(checks: Sequence[dict[str, Any]]) -> list[str]:
    """The results of *checks*, each with zone, client, mail_from and helo."""
    done = subprocess.run(
        [_PYTHON, "-c", _PYSPF], input=json.dumps(checks), capture_output=True, text=True, timeout=300, check=False
    )
    assert 0 == done.returncode, f"{done.stderr}; install the Debian package python3-spf"
    return done.stdout.splitlines()
