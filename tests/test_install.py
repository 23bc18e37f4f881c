"""What `requirements.lock` names is installed, whatever pip, index and settings a machine has."""

from __future__ import annotations

import base64
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import bootstrap
import lock
import pytest
import yaml
from packaging.requirements import Requirement

# The first release of each Python came with this pip. That of 3.10.0 is the oldest, and runs up to 3.11.
OLDEST_PIP = {(3, 10): "21.2.3", (3, 11): "21.2.3", (3, 12): "23.2.1", (3, 13): "24.2"}
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
PLATFORMS = ("linux", "darwin")
SAMPLE = 5
DEMO, _, CHECKS = bootstrap.LOCK.read_text(encoding="utf-8").partition(bootstrap.CHECKS_LINE)


@dataclass(frozen=True)
class Index:
    """A package index in a folder."""

    folder: Path

    @property
    def url(self) -> str:
        """Address for pip."""
        return (self.folder / "simple").as_uri()

    def offer(self, name: str, version: str, *requires: str) -> str:
        """Offer a release; return its entry in a lock."""
        page = self.folder / "simple" / name
        page.mkdir(parents=True, exist_ok=True)
        wheel = page / f"{name}-{version}-py3-none-any.whl"
        described = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {other}" for other in requires)]
        files = {
            f"{name}.py": f"version = '{version}'\n",
            f"{name}-{version}.dist-info/METADATA": "\n".join(["Metadata-Version: 2.1", *described, ""]),
            f"{name}-{version}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = [f"{path},sha256={digest(text.encode())},{len(text)}" for path, text in files.items()]
        files[f"{name}-{version}.dist-info/RECORD"] = "\n".join([*record, ""])
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, text in files.items():
                archive.writestr(path, text)
        return self.listed(wheel, f"{name}=={version}")

    def offer_source(self, name: str, version: str) -> str:
        """Offer a release that would have to be built; return its entry in a lock."""
        page = self.folder / "simple" / name
        page.mkdir(parents=True)
        source = page / f"{name}-{version}.tar.gz"
        source.write_bytes(b"never opened")
        return self.listed(source, f"{name}=={version}")

    @staticmethod
    def listed(file: Path, requirement: str) -> str:
        """List a file on its page; return its entry in a lock."""
        with (file.parent / "index.html").open("a", encoding="utf-8") as page:
            page.write(f"<a href='{file.name}'>{file.name}</a>\n")
        return f"{requirement} \\\n    --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"


def digest(content: bytes) -> str:
    """Return a digest as a wheel's RECORD has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment with the oldest pip that a stranger may have with this Python."""
    folder = tmp_path_factory.mktemp("pip")
    version = OLDEST_PIP.get(sys.version_info[:2])
    if version is None:
        pytest.skip("The first release of this Python has not been looked at")
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--dest",
        folder,
        f"pip=={version}",
    ]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("pip-*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    command = [folder / "venv" / "bin" / "python", wheel / "pip", "install", "--quiet", "--no-index", wheel]
    subprocess.run(command, check=True)
    return folder / "venv"


@pytest.fixture
def python(environment: Path, tmp_path: Path) -> Path:
    """Python of such an environment."""
    return Path(shutil.copytree(environment, tmp_path / "an environment", symlinks=True)) / "bin" / "python"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """The only index that pip is told of, by the settings of this machine's user."""
    found = Index(tmp_path / "index")
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[global]\nindex-url = {found.url}\n", encoding="utf-8")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.setattr(bootstrap, "DEMO", tmp_path)
    return found


def installed(python: Path) -> dict[str, str]:
    """Return what is in an environment, but for pip."""
    described = (path.name.removesuffix(".dist-info") for path in python.parent.parent.rglob("*.dist-info"))
    packages = dict(name.split("-") for name in described)
    return {name: version for name, version in packages.items() if name != "pip"}


def test_newer_releases_and_unnamed_dependencies_are_left_alone(python: Path, index: Index, tmp_path: Path) -> None:
    """As coverage's was for pytest-cov: an extra made an older pip take the newest, for which there was no hash."""
    entries = [index.offer("tavtool", "1.0", "tavbase[more]>=0.9", "tavnowhere"), index.offer("tavbase", "1.0")]
    for name in ("tavtool", "tavbase"):
        index.offer(name, "1.1")
        index.offer(name, "2.0")
    bootstrap.install_locked(python, "".join(entries), tmp_path / "a log")
    assert installed(python) == {"tavtool": "1.0", "tavbase": "1.0"}


def test_what_an_older_lock_brought_is_replaced(python: Path, index: Index, tmp_path: Path) -> None:
    old, new = index.offer("tavtool", "1.0"), index.offer("tavtool", "1.1")
    for entry in (old, new, old):
        bootstrap.install_locked(python, entry, tmp_path / "log")
    assert installed(python) == {"tavtool": "1.0"}


def test_another_file_under_a_locked_name_is_refused(python: Path, index: Index, tmp_path: Path) -> None:
    entry = index.offer("tavtool", "1.0")
    log = tmp_path / "log"
    with pytest.raises(bootstrap.StepError) as error:
        bootstrap.install_locked(python, re.sub(r"sha256:\w{8}", "sha256:00000000", entry), log)
    assert str(error.value) == (
        "What the package index has as tavtool==1.0 is not what requirements.lock names: its hash differs."
        f" The whole log is {log}"
    )
    assert installed(python) == {}


def test_nothing_is_built(python: Path, index: Index, tmp_path: Path) -> None:
    """To build would be to look for tools that no lock names."""
    entry = index.offer_source("tavtool", "1.0")
    with pytest.raises(bootstrap.StepError, match=r"The package index has no tavtool==1\.0 for this Python"):
        bootstrap.install_locked(python, entry, tmp_path / "log")


def test_pip_settings_for_other_projects_are_not_heeded(
    python: Path, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = index.offer("tavtool", "1.0")
    theirs = tmp_path / "theirs.txt"
    theirs.write_text("tavtool==2.0\n", encoding="utf-8")
    settings = f"index-url = {index.url}\nconstraint = {theirs}\nrequirement = {theirs}\ntarget = {tmp_path}\n"
    (tmp_path / "pip.conf").write_text(f"[install]\n{settings}no-binary = :all:\nuser = true\n", encoding="utf-8")
    for name in ("PIP_CONSTRAINT", "PIP_REQUIREMENT", "PIP_ROOT", "PIP_PYTHON_VERSION", "PIP_ONLY_BINARY"):
        monkeypatch.setenv(name, str(theirs))
    bootstrap.install_locked(python, entry, tmp_path / "log")
    assert installed(python) == {"tavtool": "1.0"}


def test_no_network_is_told_in_a_sentence(
    python: Path, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = index.offer("tavtool", "1.0")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(bootstrap.StepError) as error:
        bootstrap.install_locked(python, entry, tmp_path / "log")
    assert re.match(r"The package index can't be reached \(.*Connection refused\): mend the network", str(error.value))
    assert "\n" not in str(error.value)


def requirements(text: str) -> list[tuple[Requirement, str]]:
    """Return the requirements of a lock, each with its entry."""
    return [(Requirement(lock.requirement(entry)), entry) for entry in lock.entries(text)]


def meant_for(requirement: Requirement, version: str, platform: str) -> bool:
    """Tell whether a requirement is meant for a Python."""
    machine = {"python_version": version, "python_full_version": f"{version}.0", "sys_platform": platform}
    return requirement.marker is None or requirement.marker.evaluate(machine)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("version", PYTHONS)
def test_the_lock_has_one_version_of_a_package_for_each_python(version: str, platform: str) -> None:
    for text in (DEMO, CHECKS):
        names = [found.name for found, _ in requirements(text) if meant_for(found, version, platform)]
        assert names
        assert len(names) == len(set(names))


def test_the_lock_is_complete() -> None:
    """No package that it brings to this Python needs one that it does not."""
    finished = subprocess.run([sys.executable, "-m", "pip", "check"], check=False, capture_output=True, text=True)
    assert finished.stdout.splitlines()[-1:] == ["No broken requirements found."], finished.stdout


def test_the_demo_is_complete_without_the_developers_tools() -> None:
    names = {found.name for found, _ in requirements(DEMO)}
    assert names >= {"meltano", "meltanolabs-target-postgres", "werkzeug", "hatchling"}
    assert not names & {"pytest", "mypy", "ruff", "hypothesis", "coverage", "pre-commit", "pyarrow"}
    for found, _ in requirements(DEMO):
        if found.marker is None or found.marker.evaluate():
            needed = [Requirement(text) for text in metadata.requires(found.name) or ()]
            missing = {other.name for other in needed if other.marker is None or other.marker.evaluate({"extra": ""})}
            assert {re.sub(r"[-_.]+", "-", name).lower() for name in missing} <= names, found.name


def test_the_locked_target_is_the_one_that_meltano_is_told_of() -> None:
    project = yaml.safe_load((bootstrap.ROOT / "meltano.yml").read_text(encoding="utf-8"))
    (target,) = [plugin for plugin in project["plugins"]["loaders"] if plugin["name"] == "target-postgres"]
    told = Requirement(target["pip_url"])
    assert told.specifier.contains(metadata.version(told.name))


def ask_for(entries: list[str], version: str, tmp_path: Path) -> None:
    """Let pip find wheels for a Python on the index that this machine has, and compare their hashes."""
    listed = tmp_path / "listed.txt"
    listed.write_text("".join(re.sub(r" ; .* \\\n", " \\\n", entry) for entry in entries), encoding="utf-8")
    options = ["--quiet", "--dry-run", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    options += ["--python-version", version, "--target", str(tmp_path / "none"), "--requirement", str(listed)]
    finished = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options],
        env=bootstrap.pip_environment(Path(sys.executable)),
        check=False,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr


def entries_for(version: str) -> list[str]:
    """Return what the lock has for a Python on this platform."""
    found = requirements(DEMO) + requirements(CHECKS)
    return [entry for wanted, entry in found if meant_for(wanted, version, sys.platform)]


@pytest.mark.slow
def test_a_part_of_the_locked_packages_is_there_for_the_oldest_python_and_the_newest(tmp_path: Path) -> None:
    for number, version in enumerate((PYTHONS[0], PYTHONS[-1])):
        ask_for(random.Random(number).sample(entries_for(version), SAMPLE), version, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("version", PYTHONS)
def test_all_locked_packages_are_there_for_each_python(version: str, tmp_path: Path) -> None:
    ask_for(entries_for(version), version, tmp_path)


def pythons() -> list[Path]:
    """Return every supported Python of this machine."""
    folders = [Path("/usr/bin"), *Path.home().glob(".pyenv/versions/*/bin")]
    return [
        folder / f"python{version}"
        for folder in folders
        for version in PYTHONS
        if (folder / f"python{version}").exists()
    ]


@pytest.mark.exhaustive
@pytest.mark.parametrize("python", pythons(), ids=str)
def test_the_set_up_works_on_every_python_of_this_machine(python: Path, tmp_path: Path) -> None:
    """In a clone whose folder has a space and an umlaut, first for the demo and then for the checks."""
    clone = tmp_path / "a clöne"
    for folder in ("scripts", "tap_amazon_vendor"):
        shutil.copytree(bootstrap.ROOT / folder, clone / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "requirements.lock"):
        shutil.copy(bootstrap.ROOT / name, clone)
    script = clone / "scripts" / "nothing.py"
    for checks in ("False", "True", "False"):
        script.write_text(f"import bootstrap\nbootstrap.in_venv(__file__, checks={checks})\n", encoding="utf-8")
        finished = subprocess.run([python, script], check=False, capture_output=True, text=True)
        assert finished.returncode == 0, finished.stderr
    assert finished.stdout == "", "the demo after the checks has nothing to install"
    for command in (["python", "-m", "pip", "check"], ["tap-amazon-vendor", "--version"], ["ruff", "--version"]):
        subprocess.run([clone / ".venv" / "bin" / command[0], *command[1:]], check=True, capture_output=True)


def test_a_python_without_ensurepip_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Debian, which keeps it in a package of its own."""
    theirs = tmp_path / "python3"
    theirs.write_text("#!/bin/sh\necho 'not created successfully because ensurepip is not available.'\nexit 1\n")
    theirs.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(theirs))
    monkeypatch.setattr(bootstrap, "DEMO", tmp_path)
    with pytest.raises(bootstrap.StepError) as error:
        bootstrap._make_venv(DEMO)
    package = "python{}.{}-venv".format(*sys.version_info)
    assert f"on Debian and Ubuntu `sudo apt-get install {package}` brings it. The whole log is " in str(error.value)
