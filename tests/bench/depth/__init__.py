"""
depth - what a deep queue costs: `make bench-queue`

A queue of a million recipients is built by SQL, once over 1,000 destinations and once with a single one. Then people
query and change it (`steering`), and an instance serves it (`serving`).
"""
