"""fake_template - the forking of the real template process, with fake children; it loads nothing else"""

import runpy
import sys
from _socket import socket as RawSocket
from pathlib import Path

HERE = Path(__file__).parent

if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parents[1]))
    from empath.daemon.process.fork_request import CONTROL_FD
    from empath.daemon.template.forking import fork_on_request

    if fork_on_request(RawSocket(fileno=CONTROL_FD), lambda request, fds: None) is not None:
        runpy.run_path(str(HERE / "fake_child.py"), run_name="__main__")
