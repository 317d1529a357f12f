"""How long something takes, in words."""


def duration(seconds: float) -> str:
    """`seconds` as one reads them: 40 s, 12 min, 2 h 5 min."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours == 0 or (hours == 1 and minutes < 40):
        return f"{60 * hours + minutes} min"
    return f"{hours} h {minutes} min"
