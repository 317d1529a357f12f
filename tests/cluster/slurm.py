"""A real Slurm on this machine: its controller, three nodes that differ in their port, and munge, by which these know
each other. All that they write is in one folder."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
NODES = ("n1", "n2", "n3")
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
# cred_expire is also how long a job that went back to the queue waits there
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmdPidFile={folder}/%n.pid
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
MpiDefault=none
SlurmdTimeout=10
SchedulerParameters=sched_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
GresTypes=gpu
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 RealMemory=8192 Gres=gpu:1
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 RealMemory=8192 Gres=gpu:1
NodeName=n3 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[3]} CPUs=1 RealMemory=8192 Gres=gpu:1
PartitionName=all Nodes=n[1-3] Default=YES PriorityTier=1
PartitionName=urgent Nodes=n[1-3] PriorityTier=2
"""


def why_not() -> str:
    """Why no Slurm can be started here; empty if one can."""
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing:
        return f"no {', '.join(missing)}: apt-get install slurmctld slurmd slurm-client munge"
    return "" if os.geteuid() == 0 else "only root can start Slurm's daemons"


@contextmanager
def running(folder: Path) -> Iterator["Slurm"]:
    """A cluster of which nothing runs after the block."""
    slurm = Slurm(folder)
    try:
        slurm.start()
        yield slurm
    finally:
        slurm.kill()


class Slurm:
    def __init__(self, folder: Path):
        self.folder = folder
        self.environment = {"SLURM_CONF": f"{folder}/slurm.conf"}
        self._daemons: dict[str, subprocess.Popen] = {}

    def start(self) -> None:
        self._configure()
        files = [f"--{name}-file={self.folder}/munge.{name}" for name in ("key", "pid", "log", "seed")]
        self._start("munged", "--foreground", f"--socket={self.folder}/munge.socket", *files)
        until((self.folder / "munge.socket").exists)
        self._start("slurmctld", "-D")
        for node in NODES:
            self.start_node(node)
        until(lambda: self.run("sinfo --noheader --states=idle --format=%D") == str(len(NODES)))

    def kill(self) -> None:
        for node in NODES:
            self.kill_node(node)
        for daemon in self._daemons.values():
            daemon.kill()
            daemon.wait()

    def _configure(self) -> None:
        self.folder.chmod(0o755)  # munge wants all to reach its socket
        with ExitStack() as stack:
            sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(1 + len(NODES))]
            ports = [listening.getsockname()[1] for listening in sockets]
        host = socket.gethostname().partition(".")[0]
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(ports=ports, folder=self.folder, host=host))
        (self.folder / "gres.conf").write_text("Name=gpu File=/dev/null\n")
        (self.folder / "state").mkdir()
        (self.folder / "munge.key").touch(0o600)
        (self.folder / "munge.key").write_bytes(secrets.token_bytes(128))

    def run(self, command: str) -> str:
        """What `command` prints; nothing while the controller does not answer."""
        environment = os.environ | self.environment
        return subprocess.run(
            command, shell=True, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ).stdout.strip()

    def state(self, job: str) -> str:
        """PENDING, RUNNING, COMPLETED, FAILED … as Slurm calls it."""
        return self.run(f"squeue --noheader --states=all --format=%T --jobs={job}")

    def node(self, job: str) -> str:
        return self.run(f"squeue --noheader --format=%N --jobs={job}")

    def start_node(self, node: str) -> None:
        self._start("slurmd", "-D", "-N", node, name=node)

    def kill_node(self, node: str) -> None:
        """Kill its daemon and its jobs, as when its power fails."""
        if daemon := self._daemons.pop(node, None):
            daemon.kill()
            daemon.wait()
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if (self.environment | {"SLURMD_NODENAME": node}).items() <= process.environ().items():
                    parent = process.parent()
                    if parent and parent.name() == "slurmstepd":
                        parent.kill()
                    process.kill()

    def _start(self, program: str, *arguments: str, name: str = "") -> None:
        with (self.folder / f"{name or program}.output").open("a") as output:
            self._daemons[name or program] = subprocess.Popen(
                [program, *arguments], env=os.environ | self.environment, stdout=output, stderr=output
            )


def until(true: Callable[[], object], seconds: float = 120) -> None:
    """Wait until it is `true`."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.1)
