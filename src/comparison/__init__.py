"""What several nets' results say: tables, statistics, the study's claims, and the report. Never torch.

Imports `results` and `foundation`.
"""
