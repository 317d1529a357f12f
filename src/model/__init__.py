"""A net as training and evaluation share it: its checkpoint, the device it computes on, what it says and costs.

Imports `nets`, `results`, `images` and `foundation`.
"""
