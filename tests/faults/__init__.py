"""faults - the machine fails under a running instance: the effect on clients, rows and other destinations"""
