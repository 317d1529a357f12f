"""What the runs' results say: tables, statistics, the study's claims and the report. Nothing here imports torch."""
