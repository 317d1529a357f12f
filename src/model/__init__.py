"""A net as training and evaluation share it: its checkpoint, and the device it computes on.

Imports `nets` and `foundation`.
"""
