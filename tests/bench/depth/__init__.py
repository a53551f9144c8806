"""
depth - what a deep queue costs: `make bench-queue`

A queue of a million recipients is built by SQL, once over 1,000 destinations and once in a single one. Then it is asked
and steered as a person would (`steering`), and served as an instance would (`serving`).
"""
