"""
fuzz - unlikely input for both roles of SMTP, messages and the DNS

A target takes a Case. It raises AssertionError if a promise is broken; any other exception is a broken promise, too.
`python -m tests.fuzz` makes cases for a given time; the suite replays corpus/.
"""
