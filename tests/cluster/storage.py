"""Servers on this machine where DVC can keep images and checkpoints, S3 as moto speaks it and SSH; and a line to them
that breaks."""

import json
import os
import shutil
import socket
import subprocess
import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path

from slurm import until


class Storage(ABC):
    """`with` it, the server runs. What DVC has to know of it are options of a remote."""

    url: str
    refused: str  # what DVC says to someone who may not write there

    def __init__(self, folder: Path):
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    @staticmethod
    @abstractmethod
    def why_not() -> str:
        """Why it cannot be started here; empty if it can."""

    @abstractmethod
    def command(self) -> list[str]:
        """What starts it, in the foreground."""

    @abstractmethod
    def set_up(self) -> None:
        """Once it runs: a place for DVC, one user who may write there and one who may not."""

    @abstractmethod
    def address(self, port: int) -> dict[str, str]:
        """The options that lead to it through `port`."""

    @abstractmethod
    def user(self, may_write: bool) -> dict[str, str]:
        """The options that say who one is."""

    @abstractmethod
    def damage(self, folder: str, md5: str) -> None:
        """Change the file with this md5 that DVC has put into the remote at `url`/`folder`."""

    @abstractmethod
    def remove(self, folder: str, md5: str) -> None:
        """Remove it."""

    def __enter__(self) -> "Storage":
        with (self.folder / "output").open("w") as output:
            self._process = subprocess.Popen(self.command(), stdout=output, stderr=output)
        try:
            until(self._answers)
            self.set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False


def file_of(folder: str, md5: str) -> str:
    """Where DVC puts it."""
    return f"{folder}/files/md5/{md5[:2]}/{md5[2:]}"


def place(folder: str, md5: str) -> dict[str, str]:
    return {"Bucket": "nets", "Key": file_of(folder, md5)}


class S3(Storage):
    url = "s3://nets"
    refused = "Access Denied: An error occurred (AccessDenied) when calling the PutObject operation: Access Denied"

    @staticmethod
    def why_not() -> str:
        return "" if shutil.which("moto_server") else "no moto: pip install -r cluster/requirements.txt"

    def command(self) -> list[str]:
        # As many actions without an account before accounts matter: those of `set_up`, which makes the accounts.
        return ["env", "INITIAL_NO_AUTH_ACTION_COUNT=7", "moto_server", "--host=127.0.0.1", f"--port={self.port}"]

    def set_up(self) -> None:
        self._keys = {}
        iam = self._client("iam")
        for name, actions in {"member": ["s3:*"], "guest": ["s3:Get*", "s3:List*"]}.items():
            iam.create_user(UserName=name)
            self._keys[name] = iam.create_access_key(UserName=name)["AccessKey"]
            allowed = {"Effect": "Allow", "Action": actions, "Resource": "*"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
            iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=policy)
        self._client("s3").create_bucket(Bucket="nets")

    def address(self, port: int) -> dict[str, str]:
        return {"endpointurl": f"http://127.0.0.1:{port}"}

    def user(self, may_write: bool) -> dict[str, str]:
        key = self._keys["member" if may_write else "guest"]
        return {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}

    def damage(self, folder: str, md5: str) -> None:
        content = self._client("s3").get_object(**place(folder, md5))["Body"].read()
        self._client("s3").put_object(**place(folder, md5), Body=b"X" + content[1:])

    def remove(self, folder: str, md5: str) -> None:
        self._client("s3").delete_object(**place(folder, md5))

    def _client(self, service: str) -> object:
        import boto3  # which only those have who install the servers

        key = self._keys.get("member", {"AccessKeyId": "nobody", "SecretAccessKey": "none"})
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )


class SSH(Storage):
    refused = "Permission denied"

    @property
    def url(self) -> str:
        return f"ssh://127.0.0.1{self.folder}/storage"

    @staticmethod
    def why_not() -> str:
        if not Path("/usr/sbin/sshd").exists():
            return "no sshd: apt-get install openssh-server"
        return "" if os.geteuid() == 0 else "only root can start sshd"

    def command(self) -> list[str]:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd wants it
        for name in ("host", "member", "guest"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name], check=True)
        settings = {
            "ListenAddress": f"127.0.0.1:{self.port}",
            "HostKey": self.folder / "host",
            "AuthorizedKeysFile": self.folder / "member.pub",
            "PidFile": "none",
            "StrictModes": "no",  # about who else may write to the folder
            "Subsystem": "sftp internal-sftp",
        }
        options = [f"-o{key}={value}" for key, value in settings.items()]
        return ["/usr/sbin/sshd", "-D", "-e", "-f/dev/null", *options]

    def set_up(self) -> None:
        (self.folder / "storage").mkdir()

    def address(self, port: int) -> dict[str, str]:
        return {"port": str(port)}

    def user(self, may_write: bool) -> dict[str, str]:
        return {"keyfile": f"{self.folder}/{'member' if may_write else 'guest'}"}

    def damage(self, folder: str, md5: str) -> None:
        path = self.folder / "storage" / file_of(folder, md5)
        content = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(b"X" + content[1:])

    def remove(self, folder: str, md5: str) -> None:
        (self.folder / "storage" / file_of(folder, md5)).unlink()


class BreakingLine:
    """A port that leads to `port`, until `limit` bytes have gone there; from then on as if nobody were there."""

    def __init__(self, port: int, limit: int):
        self._target, self._left = port, limit
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listening]
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def is_broken(self) -> bool:
        return self._left <= 0

    def _accept(self) -> None:
        with suppress(OSError):  # the port is closed
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [client, server]
                for ends in ((client, server, 1), (server, client, 0)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, to: socket.socket, counts: int) -> None:
        with suppress(OSError):
            while data := source.recv(4096):
                self._left -= counts * len(data)
                if self.is_broken:
                    break
                to.sendall(data)
        for end in self._sockets if self.is_broken else (source, to):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
