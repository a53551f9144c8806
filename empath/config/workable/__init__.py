"""workable - settings that are each valid but cannot work together, or on this machine"""
