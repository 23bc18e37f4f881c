"""Makes the clone's own Python environment and runs the calling script in it.

Needs nothing but the standard library and pip's way to a package index.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
DEMO = ROOT / ".demo"
LOCK = ROOT / "requirements.lock"
BIN = VENV / "bin"
PYTHON = BIN / "python"
OLDEST_PYTHON = (3, 10)
LOG_TAIL = 40

# What another project, shell or database session may have left in the environment. Proxies, certificates
# and pip's index settings stay.
FOREIGN_PREFIXES = (
    "COVERAGE",
    "COV_CORE",
    "MELTANO_",
    "PG",
    "PYTEST_",
    "SINGER_SDK_",
    "TAP_AMAZON_VENDOR_",
    "TARGET_JSONL_",
    "TARGET_POSTGRES_",
)
FOREIGN_NAMES = frozenset(
    {
        "CONDA_PREFIX",
        "PIP_CONSTRAINT",
        "PIP_NO_DEPS",
        "PIP_PREFIX",
        "PIP_REQUIREMENT",
        "PIP_REQUIRE_VIRTUALENV",
        "PIP_ROOT",
        "PIP_TARGET",
        "PIP_USER",
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSAFEPATH",
        "PYTHONSTARTUP",
        "PYTHONWARNINGS",
        "VIRTUAL_ENV",
        "__PYVENV_LAUNCHER__",
    },
)
LOOPBACK = ("127.0.0.1", "localhost")


class StepError(Exception):
    """A step failed; the message is all that a person needs."""


def clean_environment() -> dict[str, str]:
    """Return the environment without what would disturb us, with our virtual environment first in PATH."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN_PREFIXES) and name not in FOREIGN_NAMES
    }
    environment["PATH"] = os.pathsep.join([str(BIN), environment.get("PATH", os.defpath)])
    environment["VIRTUAL_ENV"] = str(VENV)
    # In a locale without UTF-8 Python can't read the path of this folder if it has, say, an umlaut.
    environment.pop("LC_ALL", None)
    environment["LC_CTYPE"] = "C.UTF-8"
    # A proxy is for the way out: the sandbox is on this machine.
    for name in ("NO_PROXY", "no_proxy"):
        environment[name] = ",".join([*filter(None, [environment.get(name)]), *LOOPBACK])
    return environment


def run_logged(command: Iterable[str | Path], log: Path, environment: dict[str, str], cwd: Path = ROOT) -> None:
    """Run a command with its output in a log file.

    Raises:
        StepError: The command failed; the message ends with the output.
    """
    words = [str(word) for word in command]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        code = subprocess.call(
            words, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    if code:
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL:])
        msg = f"{tail}\n{' '.join(words)} ended with exit code {code}: see {log}"
        raise StepError(msg)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    print(f"{title} ...", end=" ", flush=True)
    start = time.monotonic()
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - start:.0f} s", flush=True)


def once(stamp: Path, parts: Iterable[bytes], title: str, action: Callable[[], None]) -> None:
    """Carry out an action unless it was completed before with the same parts.

    Args:
        stamp: File that remembers what the action was completed with.
        parts: All that the outcome depends on.
        title: What is being done.
        action: What to do.
    """
    digest = hashlib.sha256(b"\0".join([str(ROOT).encode(), *parts])).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="ascii") == digest:
        return
    stamp.unlink(missing_ok=True)
    with step(title):
        action()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest, encoding="ascii")


@contextlib.contextmanager
def alone(name: str, *, wait: bool) -> Iterator[None]:
    """Keep a second process of the same kind out of this clone.

    Args:
        name: What is kept to one process.
        wait: Whether the second one waits for its turn or gives up.

    Raises:
        StepError: Another process is at it, and we do not wait.
    """
    import fcntl  # noqa: PLC0415 - not there on Windows, which then gets a message instead of a traceback

    DEMO.mkdir(exist_ok=True)
    with (DEMO / f"{name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            msg = f"Another {name} is running in {ROOT}: wait for its end, or stop it."
            raise StepError(msg) from None
        yield


def _pip_install(log: str, *arguments: str | Path) -> None:
    command = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", *arguments]
    run_logged(command, DEMO / log, clean_environment())


def _make_venv() -> None:
    try:
        run_logged([sys.executable, "-m", "venv", "--clear", VENV], DEMO / "venv.log", clean_environment())
    except StepError as error:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        msg = f"{error}\nOn Debian and Ubuntu this helps: apt-get install python{version}-venv"
        raise StepError(msg) from None
    _pip_install("pip.log", "--require-hashes", "--no-deps", "-r", LOCK)


def _install_package() -> None:
    _pip_install("package.log", "--no-deps", "-e", ROOT)


def _prepare() -> None:
    python = sys.version.encode()
    once(
        VENV / ".made-from",
        [python, LOCK.read_bytes()],
        "Installing the locked packages into .venv",
        _make_venv,
    )
    project = (ROOT / "pyproject.toml").read_bytes()
    once(VENV / ".package-made-from", [project], "Installing tap-amazon-vendor into .venv", _install_package)


def in_venv(script: str) -> None:
    """Go on in the clone's virtual environment, which is made first where it is missing or out of date.

    Args:
        script: The calling script, which is started anew in there.
    """
    if sys.version_info < OLDEST_PYTHON:
        found = "{}.{}".format(*sys.version_info)
        msg = f"Python 3.10 or newer is needed, and this is {found}: try python3.12 {sys.argv[0]}"
        raise SystemExit(msg)
    if os.name != "posix":
        msg = "This runs on Linux and macOS; on Windows use WSL."
        raise SystemExit(msg)
    if Path(sys.prefix).resolve() == VENV.resolve():
        return
    try:
        with alone("installation", wait=True):
            _prepare()
    except StepError as error:
        msg = f"\n{error}"
        raise SystemExit(msg) from None
    arguments = [str(PYTHON), str(Path(script).resolve()), *sys.argv[1:]]
    os.execve(arguments[0], arguments, clean_environment())
