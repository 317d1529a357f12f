"""Find a source's archive: the one at hand, the one downloaded before, or the first mirror that has it."""

import os
from collections.abc import Callable
from pathlib import Path

import requests
from tqdm import tqdm

from atomic import replacing
from errors import UserError

AT_HAND = "CIFAR10_ARCHIVE"
DOWNLOADS = Path(".cache/downloads")
TIMEOUT = (10, 30)  # seconds to connect, and between two pieces


def find(name: str, urls: list[str], check: Callable[[Path], None]) -> Path:
    """The archive or folder of source `name`; `check` raises `UserError` for bytes that are not the pinned ones.

    In order: what the environment variable `CIFAR10_ARCHIVE` names; `.cache/downloads/<name>`; the `urls`.
    """
    if os.environ.get(AT_HAND):
        path = Path(os.environ[AT_HAND]).expanduser()
        if not path.exists():
            raise UserError(f"{AT_HAND} names {path.absolute()}, and there is no such file or folder")
        try:
            check(path)
        except UserError as error:
            raise UserError(f"{AT_HAND} is not what params.yaml pins for {name}: {error}") from None
        return path

    path = DOWNLOADS / name
    if path.exists():
        try:
            check(path)
            return path
        except UserError as error:
            print(f"passed over: {error}")
    return _first_good_mirror(name, urls, check, path)


def _first_good_mirror(name: str, urls: list[str], check: Callable[[Path], None], path: Path) -> Path:
    reasons = []
    for url in urls:
        print(f"{name} from {url}")
        try:
            _download(url, path)
            check(path)
            return path
        except (requests.RequestException, OSError, UserError) as error:
            path.unlink(missing_ok=True)
            reasons.append(f"{url} ({error})")
            print(f"passed over: {error}")
    tried = "; ".join(reasons) or "params.yaml lists no address for it"
    raise UserError(f"{name} could not be had: {tried}. Set {AT_HAND} to a copy you have, or try `make demo`")


def _download(url: str, path: Path) -> None:
    with requests.get(url, stream=True, timeout=TIMEOUT) as response, replacing(path) as file:
        response.raise_for_status()
        total = int(response.headers.get("Content-Length", 0)) or None
        with tqdm(total=total, unit="B", unit_scale=True, disable=None) as bar:  # None: only on a terminal
            for piece in response.iter_content(2**20):
                file.write(piece)
                bar.update(len(piece))
