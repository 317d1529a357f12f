"""What training and evaluation share: building a net by its name, checkpoints, the device."""
