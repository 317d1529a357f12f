"""What every other room stands on: whole files, one-line errors, locks, checked values. It imports nothing above it."""
