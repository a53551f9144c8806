"""
chaos - load, random kills, and a ledger of every recipient

`python -m tests.chaos --kills 500`, or `make chaos KILLS=500`. Clients send mail with one to five recipients, small
and large, while processes are killed, and stopped and continued, at random; the next hops refuse a tenth for a while.
At the end the ledger of promises is compared with the ledger of arrivals.
"""
