"""
The supervisor: binds, spawns, reaps, judges, drains.

Plain Python: no gevent, no database, no TLS, no mail. `loop` decides; `spawner` starts children, `kinds` says what each
inherits, `children` listens to one; `listeners` binds; `instance` holds the lock and the pid file; the command line
calls `launch`.
"""
