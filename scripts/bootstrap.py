"""Makes the clone's own Python environment and runs the calling script in it.

Needs only the standard library and pip's access to a package index. All packages, their versions and their hashes are
in requirements.lock: nothing is resolved here, so that a later release changes nothing.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import os
import re
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
DEMO = ROOT / ".demo"
LOCK = ROOT / "requirements.lock"
DBT_LOCK = ROOT / "dbt" / "requirements.lock"
BIN = VENV / "bin"
PYTHON = BIN / "python"
OLDEST_PYTHON = (3, 10)
CHECKS_LINE = "# What the checks need beyond that:\n"

# What another project, shell or database session may have left in the environment. Proxies and certificates stay.
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
        # Each of many processes would compile the tap anew.
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSAFEPATH",
        "PYTHONSTARTUP",
        "PYTHONWARNINGS",
        "VIRTUAL_ENV",
        "__PYVENV_LAUNCHER__",
    },
)
# Of pip's settings only the way to an index stays: constraints, targets and the like are meant for other projects.
INDEX_SETTINGS = frozenset(
    {
        "cache-dir",
        "cert",
        "client-cert",
        "default-timeout",
        "extra-index-url",
        "find-links",
        "index-url",
        "keyring-provider",
        "no-cache-dir",
        "no-index",
        "proxy",
        "retries",
        "timeout",
        "trusted-host",
        "use-deprecated",
        "use-feature",
    },
)
PIP_VARIABLES = frozenset({"PIP_CONFIG_FILE", *(f"PIP_{name.upper().replace('-', '_')}" for name in INDEX_SETTINGS)})
LONGEST_REASON = 400
LOOPBACK = ("127.0.0.1", "localhost")
# How a line begins that explains why a program failed.
COMPLAINT = re.compile(r"(?i)(\w*error|\w*exception|fatal|critical)\b")
# What pip's log holds, and the message to show instead.
PIP_FAILURES = (
    (
        r"connection broken by '.*?(?P<reason>[^'\"<>:,() ][^'\"<>]*)['\"]\)*': /",
        "The package index can't be reached ({reason}): mend the network, or set HTTPS_PROXY or PIP_INDEX_URL",
    ),
    (
        r"DO NOT MATCH THE HASHES[^\n]*\n\s+(?P<package>\S+) ",
        "What the package index has as {package} is not what requirements.lock names: its hash differs.",
    ),
    (
        r"No matching distribution found for (?P<package>\S+)",
        "The package index has no {package} for this Python and machine.",
    ),
)


class StepError(Exception):
    """A step failed; the message is all that the user needs."""


def clean_environment() -> dict[str, str]:
    """Return the environment without interfering variables, with our virtual environment first in PATH."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN_PREFIXES)
        and name not in FOREIGN_NAMES
        and (name in PIP_VARIABLES or not name.startswith("PIP_"))
    }
    environment["PATH"] = os.pathsep.join([str(BIN), environment.get("PATH", os.defpath)])
    environment["VIRTUAL_ENV"] = str(VENV)
    # In a locale without UTF-8 Python can't read the path of this folder if it has, say, an umlaut.
    environment.pop("LC_ALL", None)
    environment["LC_CTYPE"] = "C.UTF-8"
    # No proxy for the sandbox: it is on this machine.
    for name in ("NO_PROXY", "no_proxy"):
        environment[name] = ",".join([*filter(None, [environment.get(name)]), *LOOPBACK])
    return environment


def telling_line(text: str) -> str:
    """Return the line of a log that explains why a program failed: its last error, or else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next(filter(COMPLAINT.match, reversed(lines)), lines[-1] if lines else "It said nothing.")


def run_logged(command: Iterable[str | Path], log: Path, environment: dict[str, str], cwd: Path = ROOT) -> None:
    """Run a command with its output in a log file.

    Raises:
        StepError: The command failed; the message is the line that explains why, and the log's path.
    """
    words = [str(word) for word in command]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        code = subprocess.call(
            words, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    if code:
        raise failure(telling_line(log.read_text(encoding="utf-8", errors="replace")), log)


def failure(reason: str, log: Path) -> StepError:
    """Return the error of a step whose output is in a log file."""
    reason = textwrap.shorten(reason, LONGEST_REASON, placeholder=" …").rstrip(".:")
    return StepError(f"{reason}. The whole log is {log}")


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Print what is being done, and how long it took.

    Raises:
        StepError: It failed; the message says what.
    """
    print(f"{title} ...", end=" ", flush=True)
    start = time.monotonic()
    try:
        yield
    except StepError as error:
        print("failed", flush=True)
        msg = f"{title} failed: {error}"
        raise StepError(msg) from None
    except BaseException:
        print("stopped", flush=True)
        raise
    print(f"{time.monotonic() - start:.0f} s", flush=True)


@dataclass(frozen=True)
class Once:
    """An action that is carried out unless it was completed before with the same parts.

    Attributes:
        stamp: File that remembers what the action was completed with.
        parts: All that the outcome depends on.
        title: What is being done.
        action: What to do.
    """

    stamp: Path
    parts: Sequence[bytes]
    title: str
    action: Callable[[], None]

    @property
    def digest(self) -> str:
        """Hash of the parts, in this clone."""
        return hashlib.sha256(b"\0".join([str(ROOT).encode(), *self.parts])).hexdigest()

    @property
    def done(self) -> bool:
        """Whether the action was completed with these parts."""
        return self.stamp.exists() and self.stamp.read_text(encoding="ascii") == self.digest

    def __call__(self) -> None:
        """Carry it out."""
        if self.done:
            return
        self.stamp.unlink(missing_ok=True)
        with step(self.title):
            self.action()
        self.stamp.parent.mkdir(parents=True, exist_ok=True)
        self.stamp.write_text(self.digest, encoding="ascii")


@contextlib.contextmanager
def alone(name: str, *, wait: bool) -> Iterator[None]:
    """Allow only one process of a kind at a time in this clone.

    Args:
        name: What is kept to one process.
        wait: Whether the second one waits for its turn or gives up.

    Raises:
        StepError: Another process is running, and we do not wait.
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


def pip_environment(python: Path) -> dict[str, str]:
    """Return pip's environment, with only the index options from the machine's settings.

    Raises:
        StepError: The settings can't be read.
    """
    environment = clean_environment()
    log = DEMO / "pip-config.log"
    run_logged([python, "-m", "pip", "--disable-pip-version-check", "config", "list"], log, environment)
    pairs = re.findall(r"^(global|install|:env:)\.(\S+?)=(.*)$", log.read_text(encoding="utf-8"), re.MULTILINE)
    # As in pip, settings for `install` override `global`, and the environment overrides both.
    for section in ("global", "install", ":env:"):
        for found, name, value in pairs:
            if found == section and name in INDEX_SETTINGS:
                environment[f"PIP_{name.upper().replace('-', '_')}"] = str(ast.literal_eval(value))
    environment["PIP_CONFIG_FILE"] = os.devnull
    return environment


def _pip_install(python: Path, log: Path, *arguments: str | Path) -> None:
    command = [python, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps", *arguments]
    try:
        run_logged(command, log, pip_environment(python))
    except StepError:
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        for pattern, message in PIP_FAILURES:
            if found := re.search(pattern, text):
                raise failure(message.format(**found.groupdict()), log) from None
        raise


def install_locked(python: Path, lock: str, log: Path) -> None:
    """Install the packages of a lock: no dependency is looked up, no version chosen, nothing built, all hashes checked.

    Args:
        python: Python of the virtual environment to install into.
        lock: The entries.
        log: File for pip's output; the entries are written beside it.

    Raises:
        StepError: A package can't be installed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    requirements = log.with_suffix(".txt")
    requirements.write_text(lock, encoding="utf-8")
    _pip_install(python, log, "--require-hashes", "--only-binary", ":all:", "--requirement", requirements)


def _make_venv(lock: str) -> None:
    log = DEMO / "venv.log"
    try:
        run_logged([sys.executable, "-m", "venv", "--clear", VENV], log, clean_environment())
    except StepError:
        if "ensurepip is not available" not in log.read_text(encoding="utf-8", errors="replace"):
            raise
        package = "python{}.{}-venv".format(*sys.version_info)
        msg = f"This Python comes without ensurepip; on Debian and Ubuntu `sudo apt-get install {package}` brings it"
        raise failure(msg, log) from None
    install_locked(PYTHON, lock, DEMO / "pip.log")


def _install_package() -> None:
    # What builds it is in the lock.
    _pip_install(PYTHON, DEMO / "package.log", "--no-index", "--no-build-isolation", "--editable", ROOT)


def _steps(*, checks: bool) -> list[Once]:
    demo, _, beyond = LOCK.read_text(encoding="utf-8").partition(CHECKS_LINE)
    project = (ROOT / "pyproject.toml").read_bytes()
    steps = [
        Once(
            VENV / ".made-from",
            [sys.version.encode(), demo.encode()],
            "Installing the locked packages into .venv",
            lambda: _make_venv(demo),
        ),
        Once(VENV / ".package-made-from", [project], "Installing tap-amazon-vendor into .venv", _install_package),
    ]
    if checks:
        steps.append(
            Once(
                VENV / ".checks-made-from",
                [beyond.encode()],
                "Installing what the checks need into .venv",
                lambda: install_locked(PYTHON, beyond, DEMO / "pip-checks.log"),
            ),
        )
    return steps


def _prepare(*, checks: bool) -> None:
    if not PYTHON.exists():
        # Never created, or its base Python no longer exists.
        (VENV / ".made-from").unlink(missing_ok=True)
    for action in _steps(checks=checks):
        action()


def in_venv(script: str, *, checks: bool = False) -> None:
    """Continue in the clone's virtual environment, which is first created if it is missing or out of date.

    Args:
        script: The calling script, which is started anew in there.
        checks: Whether the developers' tools are needed too.
    """
    if sys.version_info < OLDEST_PYTHON:
        found = "{}.{}".format(*sys.version_info)
        msg = f"Python 3.10 or newer is needed, and this is {found}: try python3.12 {sys.argv[0]}"
        raise SystemExit(msg)
    if os.name != "posix":
        msg = "This runs on Linux and macOS; on Windows use WSL."
        raise SystemExit(msg)
    python = PYTHON
    try:
        if Path(sys.prefix).resolve() == VENV.resolve():
            if all(action.done for action in _steps(checks=checks)):
                return
            # An environment can't be made anew from inside.
            python = Path(sys.base_prefix) / "bin" / "python{}.{}".format(*sys.version_info)
        else:
            with alone("installation", wait=True):
                _prepare(checks=checks)
        os.execve(python, [str(python), str(Path(script).resolve()), *sys.argv[1:]], clean_environment())
    except (StepError, OSError) as error:
        msg = f"\n{error}"
        raise SystemExit(msg) from None
    except KeyboardInterrupt:
        msg = "\nStopped."
        raise SystemExit(msg) from None
