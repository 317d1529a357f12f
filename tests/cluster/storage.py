"""Servers on this machine where DVC can keep files, S3 as moto speaks it and SSH; and a line that breaks."""

import os
import shutil
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from slurm import until


@dataclass
class Storage:
    """A remote of DVC: its address, its port on this machine, and the other options that lead to it."""

    url: str
    port: int
    options: dict[str, str]


@contextmanager
def s3(folder: Path) -> Iterator[Storage]:
    import boto3  # which only those have who install the servers

    keys = {"access_key_id": "key", "secret_access_key": "secret"}
    with _server(folder, lambda port: ["moto_server", "--host=127.0.0.1", f"--port={port}"]) as port:
        url = f"http://127.0.0.1:{port}"
        options = {f"aws_{name}": value for name, value in keys.items()}
        boto3.client("s3", endpoint_url=url, region_name="us-east-1", **options).create_bucket(Bucket="nets")
        yield Storage("s3://nets", port, keys | {"endpointurl": url})


def why_no_s3() -> str:
    return "" if shutil.which("moto_server") else "moto is missing: pip install -r cluster/requirements.txt"


@contextmanager
def ssh(folder: Path) -> Iterator[Storage]:
    Path("/run/sshd").mkdir(exist_ok=True)  # sshd wants it
    (folder / "storage").mkdir()
    for name in ("host", "member"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    settings = {
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "member.pub",
        "PidFile": "none",
        "StrictModes": "no",  # about who else may write to the folder
        "Subsystem": "sftp internal-sftp",
    }
    options = [f"-o{key}={value}" for key, value in settings.items()]
    command = ["/usr/sbin/sshd", "-D", "-e", "-f/dev/null", *options]
    with _server(folder, lambda port: [*command, f"-oListenAddress=127.0.0.1:{port}"]) as port:
        yield Storage(f"ssh://127.0.0.1{folder}/storage", port, {"port": str(port), "keyfile": f"{folder}/member"})


def why_no_ssh() -> str:
    if not Path("/usr/sbin/sshd").exists():
        return "sshd is missing: apt-get install openssh-server"
    return "" if os.geteuid() == 0 else "only root can start sshd"


@contextmanager
def _server(folder: Path, command) -> Iterator[int]:
    """The port on which what `command` starts for a port answers, in the foreground."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(command(port), stdout=output, stderr=output)
    try:
        until(lambda: _answers(port))
        yield port
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


class BreakingLine(socketserver.ThreadingTCPServer):
    """A port that leads to `target`, until `limit` bytes have gone there; from then on as if nobody were there."""

    daemon_threads = True

    def __init__(self, target: int, limit: int):
        super().__init__(("127.0.0.1", 0), None)
        self.target, self.left = target, limit
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def is_broken(self) -> bool:
        return self.left <= 0

    def finish_request(self, client: socket.socket, address: object) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.target)) as server:
            back = threading.Thread(target=self._pass_on, args=(server, client, 0), daemon=True)
            back.start()
            self._pass_on(client, server, 1)
            for end in (client, server):
                end.shutdown(socket.SHUT_RDWR)

    def _pass_on(self, source: socket.socket, to: socket.socket, counts: int) -> None:
        with suppress(OSError):
            while not self.is_broken and (data := source.recv(4096)):
                self.left -= counts * len(data)
                if not self.is_broken:
                    to.sendall(data)
