"""
The supervisor: binds, spawns, reaps, judges, drains.

Plain Python: no gevent, no database, no TLS, no mail. `loop` is the heart; `children` spawns and listens to one child;
`listeners` binds; `instance` holds the lock and the pid file; `launch` is what the command line calls.
"""
