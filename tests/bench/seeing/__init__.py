"""
What it costs to be watched: mail with metrics, traces and followers of events against mail without, by turns

Two servers of the same code run side by side and take turns with bursts of mail, so that what others do on the machine
meets both. A ratio is the median of those of all turns. The same server twice shows how far chance goes.
"""
