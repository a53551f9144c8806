"""
The supervisor's process: `python -m empath.daemon.supervisor CONFIG`, exec'd by `empathd run` and `empathd start`.

With EMPATH_START_FD in the environment the process writes the outcome of its start there, in one line: `ready`, or a
JSON object with `error` and `exit_code`. Without it, a failure goes to standard error.
"""

import gc
import sys

from empath.daemon.supervisor.serve import serve
from empath.daemon.supervisor.template import TemplateProcess

if __name__ == "__main__":
    gc.freeze()  # the modules stay to the end, and the template shares them
    template: TemplateProcess | None = None
    try:
        template = TemplateProcess.of_this_process()
    except OSError:
        pass  # tried again, with a line in the log, once there is one
    sys.exit(serve(sys.argv[1], template=template))
