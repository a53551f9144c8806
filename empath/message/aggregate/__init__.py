"""aggregate - reports between domains about a period: written and read"""
