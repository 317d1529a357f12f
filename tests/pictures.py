"""Image files made up for the tests."""

import io

from PIL import Image


def png(value: int, size=(32, 32), mode="RGB", format="PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, (value, 0, 0) if mode == "RGB" else value).save(buffer, format)
    return buffer.getvalue()
