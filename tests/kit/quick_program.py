"""
quick_program - a command of Empath that starts at once: it asks the starter of the tests for a fork

`SOCKET MODULE ARGUMENT…`. It imports next to nothing. The fork has the user, arguments, environment, directory, umask
and standard streams of this process, and this process ends as the fork does.
"""

import json
import os
import struct
import sys
from _socket import AF_UNIX, SCM_RIGHTS, SOCK_SEQPACKET, SOL_SOCKET, socket

if __name__ == "__main__":
    address, module, *arguments = sys.argv[1:]
    starter = socket(AF_UNIX, SOCK_SEQPACKET)
    starter.connect(f"\0{address}")
    umask = os.umask(0)
    request = {
        "main": [module, "main"],
        "argv": [module, *arguments],
        "environment": {**os.environ},
        "directory": os.getcwd(),
        "umask": umask,
    }
    starter.sendmsg([json.dumps(request).encode()], [(SOL_SOCKET, SCM_RIGHTS, struct.pack("3i", 0, 1, 2))])
    for fd in range(3):
        os.close(fd)  # who reads to their end does not wait for this process
    code = int(starter.recv(16) or 1)
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)
