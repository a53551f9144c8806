"""simulation - how far one machine goes, and one database: a model that is held against what was measured"""
