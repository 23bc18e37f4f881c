"""The scripts behind the README's two commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import bootstrap
import demo
import embedded_postgres
import psycopg
import pytest
from embedded_postgres import postgres, remove

if TYPE_CHECKING:
    from pathlib import Path


def test_foreign_settings_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ("TAP_AMAZON_VENDOR_REFRESH_TOKEN", "MELTANO_ENVIRONMENT", "PGHOST", "PYTHONPATH", "PIP_TARGET")
    for name in (*settings, "PIP_CONSTRAINT", "PIP_REQUIRE_HASHES", "PIP_NO_BINARY"):
        monkeypatch.setenv(name, "theirs")
    assert "theirs" not in bootstrap.clean_environment().values()


def test_ways_to_the_network_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {"HTTPS_PROXY": "http://proxy", "REQUESTS_CA_BUNDLE": "/ca.pem", "PIP_INDEX_URL": "https://mirror"}
    for name, value in kept.items():
        monkeypatch.setenv(name, value)
    assert bootstrap.clean_environment().items() >= kept.items()


def test_no_proxy_stands_before_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet")
    monkeypatch.delenv("no_proxy", raising=False)
    environment = bootstrap.clean_environment()
    assert environment["NO_PROXY"] == "intranet,127.0.0.1,localhost"
    assert environment["no_proxy"] == "127.0.0.1,localhost"


def test_a_step_is_done_once_for_the_same_parts(tmp_path: Path) -> None:
    done: list[str] = []
    for part in (b"a", b"a", b"b"):
        bootstrap.Once(tmp_path / "stamp", [part], "Testing", lambda: done.append("x"))()
    assert len(done) == 2


def test_a_step_that_failed_is_done_again(tmp_path: Path) -> None:
    def fail() -> None:
        raise bootstrap.StepError

    stamp = tmp_path / "stamp"
    bootstrap.Once(stamp, [b"a"], "Testing", lambda: None)()
    with pytest.raises(bootstrap.StepError, match="Testing failed: "):
        bootstrap.Once(stamp, [b"b"], "Testing", fail)()
    assert not stamp.exists()


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (
            "Collecting x\nERROR: No matching distribution found for x==1\n\nnotice: a new release of pip\n",
            "ERROR: No matching",
        ),
        (
            "Traceback (most recent call last):\n  File x\nPermissionError: [Errno 13]: 'x'\n",
            "PermissionError: [Errno 13]",
        ),
        ("working\n\nthe port is taken\n", "the port is taken"),
        ("", "It said nothing. The whole log"),
    ],
)
def test_a_failed_command_is_told_in_a_paragraph(output: str, told: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", f"import sys; sys.stdout.write({output!r}); sys.exit(3)"]
    with pytest.raises(bootstrap.StepError) as error:
        bootstrap.run_logged(command, tmp_path / "log", dict(os.environ))
    assert str(error.value).startswith(told)
    assert str(error.value).endswith(f". The whole log is {tmp_path / 'log'}")
    assert "\n" not in str(error.value)
    assert (tmp_path / "log").read_text() == output


def test_a_second_process_is_kept_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bootstrap, "DEMO", tmp_path)
    with (
        bootstrap.alone("demo", wait=False),
        pytest.raises(bootstrap.StepError, match="Another demo is running"),
        bootstrap.alone("demo", wait=False),
    ):
        pass


def test_an_old_python_gets_a_sentence() -> None:
    code = "import sys; sys.version_info = (3, 9, 1); import bootstrap; bootstrap.in_venv('x')"
    finished = subprocess.run(
        [sys.executable, "-c", code],
        cwd=bootstrap.ROOT / "scripts",
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    assert finished.stderr.startswith("Python 3.10 or newer is needed, and this is 3.9")


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        ({"event": "Requested it", "level": "info", "name": "tap-amazon-vendor"}, "  Requested it"),
        ({"event": "METRIC", "level": "info", "name": "tap-amazon-vendor"}, None),
        ({"event": "Inserting", "level": "info", "name": "target-postgres"}, None),
        ({"event": "Careful", "level": "warning"}, "  warning: Careful"),
        ({"event": "Read state", "level": "info", "name": "info"}, None),
    ],
)
def test_progress_is_what_the_tap_says_and_every_warning(entry: dict[str, str], shown: str | None) -> None:
    assert demo.readable(demo.parse(json.dumps(entry))) == shown


def test_a_line_that_is_no_entry_is_shown() -> None:
    assert demo.readable(demo.parse("Segmentation fault\n")) == "  Segmentation fault"


def test_a_failure_is_what_tap_or_target_said_last() -> None:
    entries = [
        {"name": "tap-amazon-vendor", "level": "error", "event": "retrying"},
        {"name": "target-postgres", "level": "critical", "event": "disk full"},
        {"name": "target-postgres", "level": "info", "event": "METRIC"},
        {"level": "error", "event": "Loader failed"},
    ]
    assert [demo.weight(entry) for entry in entries] == [2, 2, 0, 1]
    assert demo.weight(demo.parse("ImportError: no module\n")) == 2


def test_postgres_keeps_its_data_where_paths_are_long_and_have_spaces(tmp_path: Path) -> None:
    folder = tmp_path / ("a long name " * 10).strip()
    try:
        for query in ("create table t as select 1.10 as n", "select n from t"):
            with postgres(folder) as server, psycopg.connect(server.dsn) as connection:
                cursor = connection.execute(query)
        assert [str(n) for (n,) in cursor] == ["1.10"]
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.dsn)
    finally:
        remove(folder)


def test_a_socket_is_where_the_last_one_was_unless_that_is_taken(tmp_path: Path) -> None:
    """If the host in its profile changes, dbt parses its whole package again."""
    account, note = embedded_postgres._Account(), tmp_path / "note"
    with embedded_postgres._socket_folder(account, note) as first:
        pass
    with embedded_postgres._socket_folder(account, note) as again:
        assert again == first
        with embedded_postgres._socket_folder(account, note) as another:
            assert another != first
    assert not first.exists()


def test_postgres_goes_on_after_it_was_killed(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    start = "from embedded_postgres import postgres; from pathlib import Path; import os, sys\n"
    killed = f"{start}with postgres(Path(sys.argv[1])): os._exit(9)"
    try:
        scripts = bootstrap.ROOT / "scripts"
        finished = subprocess.run([sys.executable, "-c", killed, folder], cwd=scripts, check=False)
        assert finished.returncode == 9
        with postgres(folder) as server, psycopg.connect(server.dsn) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    finally:
        remove(folder)
