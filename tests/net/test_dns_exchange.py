"""One question to one name server."""

import subprocess
import sys

_FLOOD = """
from gevent import monkey; monkey.patch_all()
import socket
import dns.exception, dns.message, gevent
from empath.net.dns_exchange import over_udp

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 0))
ticks = 0

def flood():
    octets, client = server.recvfrom(512)
    for _ in range(200):
        server.sendto(b"not a response", client)

def tick():
    global ticks
    while True:
        ticks += 1
        gevent.sleep(0)

gevent.spawn(flood)
gevent.spawn(tick)
before = []
real = socket.socket.recvfrom

def noting(self, *arguments):
    found = real(self, *arguments)
    before.append(ticks)
    return found

socket.socket.recvfrom = noting
try:
    over_udp(dns.message.make_query("a.test", "A"), server.getsockname(), 0.5, dns.message.from_wire)
except dns.exception.Timeout:
    print(len(before) > 100 and len(set(before)) > len(before) // 2)
"""


def test_a_name_server_that_floods_does_not_stop_the_process() -> None:
    """
    A read returns at once while datagrams wait: no other greenlet ran until the question timed out.
    """
    done = subprocess.run([sys.executable, "-c", _FLOOD], capture_output=True, text=True, check=False, timeout=60)

    assert ("True\n", "") == (done.stdout, done.stderr)
