"""
chaos - load, random kills, and a ledger of every recipient

`python -m tests.chaos --kills 500`, or `make chaos KILLS=500`. Clients send small and large mail with one to five
recipients. Processes are killed, or stopped and continued, at random. The next hops refuse a tenth of the mail for a
while. At the end the ledger of promises is compared with the ledger of arrivals.
"""
