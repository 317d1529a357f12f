"""Errors meant for the user: one line that says what is wrong and what to do."""


class UserError(Exception):
    """Something the user can put right. Its text is the one line that they see."""


def reason(error: object) -> str:
    """The first line of what `error` says, or its type where it says nothing; at most 200 printable characters."""
    text = str(error).strip().partition("\n")[0].rstrip(": ") or type(error).__name__
    return printable(text if len(text) <= 200 else text[:198] + " …")


def printable(text: str) -> str:
    """`text` with a question mark for each character that could control a terminal or cannot be written to it."""
    return "".join(character if character.isprintable() else "?" for character in text)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out; PyTorch has errors of its own for this, on the CPU and on a GPU."""
    texts = ("can't allocate memory", "not enough memory", "out of memory", "ALLOC_FAILED")
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(text in str(error) for text in texts)
    )
