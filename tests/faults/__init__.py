"""faults - the machine fails under a running instance: what clients, rows and other destinations see of it"""
