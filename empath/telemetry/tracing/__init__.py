"""tracing - spans on their way to a collector"""
