"""
fuzz - unlikely inputs, against both roles of SMTP

A target takes a Case and raises AssertionError where a promise is broken; any other exception is a broken promise too.
`python -m tests.fuzz` makes cases until its time is over, the suite replays corpus/.
"""
