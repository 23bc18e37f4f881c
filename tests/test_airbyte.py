"""The Airbyte source: its messages, and that it reads what the tap reads."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft7Validator
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.singerlib import StateMessage
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from world import by

from amazon_sandbox import CLIENT_ID
from tap_amazon_vendor.airbyte.catalog import Selection
from tap_amazon_vendor.airbyte.failures import failure_type, message
from tap_amazon_vendor.airbyte.logs import LogMessages
from tap_amazon_vendor.airbyte.source import Source, cli
from tap_amazon_vendor.airbyte.spec import FORMS, specification, to_settings
from tap_amazon_vendor.airbyte.state import to_singer
from tap_amazon_vendor.airbyte.writer import LONGEST_SILENCE, AirbyteWriter
from tap_amazon_vendor.config.settings import check_settings
from tap_amazon_vendor.config.settings_schema import SCHEMA, SECRETS
from tap_amazon_vendor.errors import AccessDeniedError, CredentialsError, RequestRejectedError, UnavailableError
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from clocks import FakeClock
    from syrupy.assertion import SnapshotAssertion
    from world import World

Json = dict[str, Any]


class Output(BytesIO):
    """Standard output that knows when each line was written."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock
        self.times: list[Any] = []

    def write(self, data: Any) -> int:
        self.times += [self._clock()] * bytes(data).count(b"\n")
        return super().write(data)

    @property
    def messages(self) -> list[Json]:
        return [json.loads(line, parse_float=Decimal) for line in self.getvalue().splitlines()]


class Airbyte:
    """An Airbyte platform of a world: it keeps the state and the rows."""

    def __init__(self, world: World, config: Json | None = None) -> None:
        self.world = world
        # A few days are enough.
        self.config = world.config(start_date=world.day(10)) if config is None else config
        self.state: dict[str, Json] = {}
        self.output = Output(world.clock)

    def source(self) -> Source:
        self.output = Output(self.world.clock)
        return Source(self.output, clock=self.world.clock, rng=Random(1), in_background=False)

    def catalog(self) -> list[Json]:
        self.source().discover(self.config)
        (message,) = self.output.messages
        return list(message["catalog"]["streams"])

    def read(self, *names: str, mode: str = "incremental", columns: Iterable[str] = ()) -> list[Json]:
        """Read some streams, and keep their states."""
        streams = [stream for stream in self.catalog() if stream["name"] in names]
        assert len(streams) == len(names)
        if columns:
            for stream in streams:
                properties = stream["json_schema"]["properties"]
                stream["json_schema"]["properties"] = {name: properties[name] for name in columns}
        configured = [{"stream": each, "sync_mode": mode, "destination_sync_mode": "append"} for each in streams]
        # What is to be kept even if the run fails.
        source = self.source()
        try:
            source.read(self.config, {"streams": configured}, list(self.state.values()))
        except Exception as error:  # noqa: BLE001  # as the command does
            source.report(error)
        for each in self.of("STATE"):
            self.state[each["state"]["stream"]["stream_descriptor"]["name"]] = each["state"]
        return self.output.messages

    def of(self, kind: str) -> list[Json]:
        return [each for each in self.output.messages if each["type"] == kind]

    def rows(self, stream: str) -> list[Json]:
        return [each["record"]["data"] for each in self.of("RECORD") if each["record"]["stream"] == stream]

    def statuses(self) -> list[tuple[str, str]]:
        traces = [each["trace"] for each in self.of("TRACE") if each["trace"]["type"] == "STREAM_STATUS"]
        return [
            (each["stream_status"]["stream_descriptor"]["name"], each["stream_status"]["status"]) for each in traces
        ]

    def error(self) -> Json:
        (error,) = [each["trace"]["error"] for each in self.of("TRACE") if each["trace"]["type"] == "ERROR"]
        return dict(error)


def is_record(message: Json, stream: str) -> bool:
    return bool(message["type"] == "RECORD" and message["record"]["stream"] == stream)


def is_status(message: Json, stream: str, status: str) -> bool:
    about = message.get("trace", {}).get("stream_status", {})
    return bool(about.get("status") == status and about["stream_descriptor"]["name"] == stream)


@pytest.fixture
def airbyte(world: World) -> Airbyte:
    return Airbyte(world)


class TestSpecification:
    schema = specification()["connectionSpecification"]

    def test_is_a_json_schema_that_accepts_each_form(self) -> None:
        Draft7Validator.check_schema(self.schema)
        login = {"client_id": "a", "client_secret": "b", "refresh_token": "c"}
        account = login | {"marketplaces": ["US"]}
        for form, own in (
            ("account", account),
            ("accounts", {"accounts": [account]}),
            ("ads", {"ads": login | {"region": "na"}}),
            ("inbox", {"inbox": "/files"}),
        ):
            config = {"credentials": {"auth_type": form, **own}}
            assert list(Draft7Validator(self.schema).iter_errors(config)) == []
            missing = {"credentials": {"auth_type": form}}
            assert list(Draft7Validator(self.schema).iter_errors(missing))

    def test_asks_for_every_setting_of_the_tap_once_and_for_none_of_the_sdk(self) -> None:
        properties = dict(self.schema["properties"])
        forms = properties.pop("credentials")["oneOf"]
        asked = {*properties, *(name for form in forms for name in form["properties"])}
        assert asked - {"credentials", "auth_type"} == SCHEMA["properties"].keys() - {
            "application_id",
            "credentials_rotated_on",
        }
        assert not properties.keys() & {name for form in forms for name in form["properties"]}

    def test_marks_secrets_wherever_they_are(self) -> None:
        marked: set[str] = set()
        others: set[str] = set()

        def look(schema: Json) -> None:
            for name, each in schema.get("properties", {}).items():
                (marked if each.get("airbyte_secret") else others).add(name)
                for inner in (each, each.get("items", {}), *each.get("oneOf", ())):
                    look(inner)

        look(self.schema)
        assert marked == {*SECRETS, "quota_store"}
        assert not marked & others

    def test_orders_and_titles_what_it_asks_for(self) -> None:
        for properties in (
            self.schema["properties"],
            *(form["properties"] for form in self.schema["properties"]["credentials"]["oneOf"]),
        ):
            assert [each["order"] for each in properties.values()] == list(range(len(properties)))
            assert all("title" in each or "const" in each for each in properties.values())
            assert all(isinstance(each["type"], str) for each in properties.values())

    def test_each_form_has_a_constant_of_its_own(self) -> None:
        forms = self.schema["properties"]["credentials"]["oneOf"]
        assert [form["properties"]["auth_type"]["const"] for form in forms] == [form.name for form in FORMS]
        assert all("auth_type" in form["required"] for form in forms)

    def test_says_what_the_source_can_do(self) -> None:
        spec = specification()
        assert spec["supportsIncremental"] is True
        assert spec["supported_destination_sync_modes"] == ["overwrite", "append", "append_dedup"]
        assert spec["documentationUrl"].startswith("https://")

    def test_becomes_the_settings_of_the_tap(self) -> None:
        config = {"credentials": {"auth_type": "accounts", "accounts": [{"account": "a"}]}, "wait_minutes": 5}
        settings = to_settings(config)
        assert settings == {"accounts": [{"account": "a"}], "wait_minutes": 5}
        assert check_settings(TapAmazonVendor.config_jsonschema, settings) == []


class TestCheck:
    def test_succeeds(self, airbyte: Airbyte) -> None:
        airbyte.source().check(airbyte.config)
        assert airbyte.output.messages == [{"type": "CONNECTION_STATUS", "connectionStatus": {"status": "SUCCEEDED"}}]

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"marketplaces": ["XX"]}, "'XX' is not a marketplace"),
            ({"refresh_token": "Atzr|wrong"}, "refresh"),
            ({"api_url": None, "colour": "red"}, "Unknown setting 'colour'"),
            ({"start_date": "soon"}, "start_date"),
        ],
    )
    def test_fails_with_one_clear_message(self, changes: Json, words: str, airbyte: Airbyte) -> None:
        airbyte.source().check({**airbyte.config, **changes})
        (status,) = (each["connectionStatus"] for each in airbyte.output.messages)
        assert status["status"] == "FAILED"
        assert words in status["message"]
        assert "Atzr|" not in status["message"]


class TestDiscover:
    def test_lists_the_streams_as_the_tap_does(self, airbyte: Airbyte) -> None:
        tap = airbyte.world.tap(airbyte.config)
        found = {stream["name"]: stream for stream in airbyte.catalog()}
        assert list(found) == list(tap.streams)
        for name, stream in tap.streams.items():
            assert found[name]["source_defined_primary_key"] == [[key] for key in stream.primary_keys]
            assert found[name]["default_cursor_field"] == [stream.replication_key]
            assert found[name]["source_defined_cursor"] is True
            assert found[name]["supported_sync_modes"] == ["full_refresh", "incremental"]
            assert found[name]["json_schema"]["properties"].keys() == stream.schema["properties"].keys()
            Draft7Validator.check_schema(found[name]["json_schema"])

    def test_says_which_times_have_a_zone(self, airbyte: Airbyte) -> None:
        (ledger, *_) = airbyte.catalog()
        assert ledger["json_schema"]["properties"]["recorded_at"]["airbyte_type"] == "timestamp_with_timezone"


STREAMS = ("report_ledger", "vendor_sales", "vendor_sales_totals")


class TestRead:
    def test_writes_the_records_of_the_tap(self, airbyte: Airbyte) -> None:
        airbyte.read(*STREAMS)
        # Amazon's reports are there, so that the tap reads the same.
        run = airbyte.world.run(airbyte.config, streams=STREAMS)
        for stream in STREAMS[1:]:
            order = by(*run.keys(stream))
            rows, expected = (sorted(rows, key=order) for rows in (airbyte.rows(stream), run.records(stream)))
            assert len(rows) > 0
            assert [list(row.items()) for row in rows] == [list(row.items()) for row in expected]

    def test_reads_only_what_is_new_the_next_time(self, airbyte: Airbyte) -> None:
        airbyte.config |= {"restatement_days": 0}
        airbyte.read(*STREAMS)
        assert airbyte.rows("vendor_sales")
        airbyte.read(*STREAMS)
        assert airbyte.rows("vendor_sales") == []

    def test_a_full_refresh_reads_everything_again(self, airbyte: Airbyte) -> None:
        airbyte.config |= {"restatement_days": 0}
        airbyte.read(*STREAMS)
        first = len(airbyte.rows("vendor_sales"))
        airbyte.read(*STREAMS, mode="full_refresh")
        assert len(airbyte.rows("vendor_sales")) == first > 0

    def test_each_stream_starts_runs_and_completes(self, airbyte: Airbyte) -> None:
        airbyte.read(*STREAMS)
        for stream in STREAMS:
            assert [status for name, status in airbyte.statuses() if name == stream] == [
                "STARTED",
                "RUNNING",
                "COMPLETE",
            ]
        messages = airbyte.output.messages
        for stream in STREAMS:
            running = next(n for n, each in enumerate(messages) if is_status(each, stream, "RUNNING"))
            first = next(n for n, each in enumerate(messages) if is_record(each, stream))
            assert running < first

    def test_a_stream_without_rows_completes_without_running(self, airbyte: Airbyte) -> None:
        airbyte.read("report_rejects", "vendor_traffic_totals")
        assert [status for name, status in airbyte.statuses() if name == "report_rejects"] == ["STARTED", "COMPLETE"]

    def test_states_count_the_records_before_them(self, airbyte: Airbyte) -> None:
        messages = airbyte.read(*STREAMS)
        for stream in STREAMS:
            counted, since = [], 0
            for each in messages:
                if is_record(each, stream):
                    since += 1
                if each["type"] == "STATE" and each["state"]["stream"]["stream_descriptor"]["name"] == stream:
                    counted.append((each["state"]["sourceStats"]["recordCount"], since))
                    since = 0
            assert counted
            assert all(told == found for told, found in counted)

    def test_a_state_is_written_only_where_it_has_changed(self, airbyte: Airbyte) -> None:
        airbyte.read(*STREAMS)
        for stream in STREAMS[1:]:
            states = [
                each["state"]["stream"]["stream_state"]
                for each in airbyte.of("STATE")
                if each["state"]["stream"]["stream_descriptor"]["name"] == stream
            ]
            assert all(one != other for one, other in pairwise(states))

    def test_only_the_selected_columns_are_read_and_the_key(self, airbyte: Airbyte) -> None:
        airbyte.read("vendor_traffic_totals", columns=["glance_views"])
        (row, *_) = airbyte.rows("vendor_traffic_totals")
        assert set(row) == {
            "account",
            "marketplace_id",
            "report_period",
            "start_date",
            "end_date",
            "glance_views",
        }

    def test_no_secret_is_in_any_message(self, airbyte: Airbyte) -> None:
        airbyte.read(*STREAMS)
        text = airbyte.output.getvalue().decode()
        assert airbyte.config["client_secret"] not in text
        assert airbyte.config["refresh_token"] not in text


class TestPendingReports:
    """What is requested and not yet read must not be lost, whatever is selected."""

    @pytest.mark.parametrize("streams", [("vendor_sales",), ("report_ledger", "vendor_sales")])
    @pytest.mark.parametrize("mode", ["incremental", "full_refresh"])
    def test_the_next_run_takes_them_up(self, streams: tuple[str, ...], mode: str, airbyte: Airbyte) -> None:
        airbyte.config |= {"wait_minutes": 0}
        airbyte.read(*streams, mode=mode)
        asked = len(airbyte.world.asked())
        carrier = airbyte.state[streams[0]]["stream"]["stream_state"]
        pending = (carrier if streams[0] == "report_ledger" else carrier["report_ledger"])["pending"]
        assert len(pending) == asked > 0
        airbyte.world.clock.advance(3600)
        airbyte.config |= {"wait_minutes": 60}
        airbyte.read(*streams, mode=mode)
        created = {str(each) for each in airbyte.world.asked()[:asked]}
        assert not created & {str(each) for each in airbyte.world.asked()[asked:]}
        assert airbyte.rows("vendor_sales")

    def test_the_newest_wins_where_two_streams_hold_them(self) -> None:
        def state(name: str, stream_state: Json) -> Json:
            stream = {"stream_descriptor": {"name": name}, "stream_state": stream_state}
            return {"type": "STREAM", "stream": stream}

        old, new = ({"pending": [day], "saved_at": f"2026-11-{day}T00:00:00+00:00"} for day in (20, 21))
        for states in (
            [state("a", {"x": 1, "report_ledger": new}), state("report_ledger", old)],
            [state("report_ledger", old), state("a", {"x": 1, "report_ledger": new})],
        ):
            assert to_singer(states, anew=[])["bookmarks"] == {"a": {"x": 1}, "report_ledger": {"pending": [21]}}

    def test_a_stream_that_is_not_selected_has_no_state(self, airbyte: Airbyte) -> None:
        """Destinations refuse one of a stream that their catalog lacks."""
        airbyte.read("vendor_sales")
        assert set(airbyte.state) == {"vendor_sales"}


class TestHeartbeat:
    def test_while_amazon_is_silent_a_platform_hears_something(self, airbyte: Airbyte) -> None:
        """A platform counts records and states, and nothing else."""
        airbyte.world.sandbox.inject("stuck_in_queue", None)
        airbyte.config |= {"wait_minutes": 40}
        began = airbyte.world.clock()
        messages = airbyte.read("vendor_sales")
        signs = [
            at for at, each in zip(airbyte.output.times, messages, strict=True) if each["type"] in {"RECORD", "STATE"}
        ]
        ended = airbyte.world.clock()
        assert ended - began >= timedelta(minutes=40)
        assert max(later - sooner for sooner, later in pairwise([began, *signs, ended])) <= timedelta(minutes=7)

    def test_repeats_the_latest_state_after_a_long_silence(self, clock: FakeClock) -> None:
        output = Output(clock)
        writer = AirbyteWriter(output, clock, ["a"])
        writer.beat()
        clock.advance(3 * LONGEST_SILENCE.total_seconds())
        writer.beat()
        assert output.messages == [], "before there is a state there is none to repeat"
        bookmarks = {"bookmarks": {"a": {"x": 1}}}
        writer.write_message(StateMessage(value=bookmarks))
        writer.write_lines(b'{"type":"RECORD","record":{"stream":"a","data":{},"emitted_at":1}}\n')
        clock.advance(LONGEST_SILENCE.total_seconds() - 1)
        writer.beat()
        before = len(output.messages)
        # What has changed since is not yet written: it may be ahead of the records.
        bookmarks["bookmarks"]["a"]["x"] = 2
        clock.advance(1)
        writer.beat()
        writer.beat()
        (state,) = output.messages[before:]
        assert state["state"]["stream"]["stream_state"]["x"] == 1
        assert state["state"]["sourceStats"]["recordCount"] == 1


class TestFailures:
    def test_a_configuration_that_is_wrong_is_the_users(self, airbyte: Airbyte) -> None:
        catalog: Json = {"streams": []}
        for config in ({}, {**airbyte.config, "marketplaces": ["XX"]}):
            source = airbyte.source()
            with pytest.raises(ConfigValidationError) as caught:
                source.read(config, catalog)
            source.report(caught.value)
            assert airbyte.error()["failure_type"] == "config_error"

    def test_an_account_that_can_not_be_read_is_the_users(self, airbyte: Airbyte) -> None:
        config = airbyte.config
        streams = airbyte.catalog()
        airbyte.config = {**config, "refresh_token": "Atzr|wrong"}
        assert streams
        airbyte.read("vendor_sales", "vendor_traffic")
        error = airbyte.error()
        assert error["failure_type"] == "config_error"
        assert "could not be read" in error["message"]
        assert "stack_trace" not in error
        assert {status for _, status in airbyte.statuses()} == {"STARTED", "INCOMPLETE"}

    def test_an_outage_passes(self, airbyte: Airbyte) -> None:
        airbyte.world.sandbox.inject("service_unavailable_503", None)
        airbyte.read("vendor_sales")
        assert airbyte.error()["failure_type"] == "transient_error"
        assert airbyte.statuses()[-1] == ("vendor_sales", "INCOMPLETE")

    def test_what_was_read_before_a_failure_is_complete(self, airbyte: Airbyte) -> None:
        airbyte.world.sandbox.inject("fatal_unknown_text", None, skip=2)
        airbyte.read("vendor_sales", "vendor_traffic_totals")
        last = dict(airbyte.statuses())
        assert last == {"vendor_sales": "COMPLETE", "vendor_traffic_totals": "INCOMPLETE"}
        assert airbyte.rows("vendor_sales")
        assert airbyte.error()["failure_type"] == "system_error"

    def test_a_defect_is_ours_and_says_no_more_than_that_to_the_user(self, airbyte: Airbyte) -> None:
        source = airbyte.source()
        secret = airbyte.config["refresh_token"]
        with pytest.raises(ZeroDivisionError) as caught:
            raise ZeroDivisionError(secret)
        source.report(caught.value)
        told = airbyte.error()
        assert told["failure_type"] == "system_error"
        assert "ZeroDivisionError" in told["stack_trace"]
        assert secret not in json.dumps(told)

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            (CredentialsError("x"), "config_error"),
            (AccessDeniedError("x"), "config_error"),
            (UnavailableError("x"), "transient_error"),
            (RequestRejectedError("x"), "system_error"),
            (KeyError("x"), "system_error"),
        ],
    )
    def test_the_type_of_the_error_says_who_has_to_act(self, error: Exception, kind: str) -> None:
        assert failure_type(error) == kind
        assert message(KeyError("x")) != "x"


class TestFiles:
    """What the platform hands over is checked."""

    @pytest.mark.parametrize(
        "state",
        [
            5,
            "x",
            [5],
            [{"type": "GLOBAL", "global": {}}],
            [{"type": "LEGACY", "data": {"a": 1}}],
            [{"type": "STREAM"}],
            [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "a"}, "stream_state": {"partitions": 5}}}],
            [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "a"}, "stream_state": [5]}}],
            [{"type": "STREAM", "stream": {"stream_descriptor": {"name": ["a"]}, "stream_state": {}}}],
        ],
    )
    def test_a_state_that_is_none_is_a_problem(self, state: Any) -> None:
        with pytest.raises(ValueError, match=r"."):
            to_singer(state, anew=[])

    @pytest.mark.parametrize("state", [None, [], {}])
    def test_there_may_be_no_state(self, state: Any) -> None:
        assert to_singer(state, anew=[]) == {"bookmarks": {}}

    def test_a_state_may_be_empty(self) -> None:
        stream = {"stream_descriptor": {"name": "a", "namespace": None}, "stream_state": None}
        assert to_singer([{"type": "STREAM", "stream": stream}], anew=[]) == {"bookmarks": {"a": {}}}

    @pytest.mark.parametrize("catalog", [5, [], {}, {"streams": 5}, {"streams": [5]}, {"streams": [{"stream": {}}]}])
    def test_a_catalog_that_is_none_is_a_problem(self, catalog: Any) -> None:
        with pytest.raises(ValueError, match="not a configured catalog"):
            Selection.of(catalog)

    def test_a_stream_that_the_account_does_not_have_is_a_problem(self, airbyte: Airbyte) -> None:
        catalog = {"streams": [{"stream": {"name": "seller_orders"}, "sync_mode": "incremental"}]}
        with pytest.raises(ConfigValidationError) as caught:
            airbyte.source().read(airbyte.config, catalog)
        assert "seller_orders" in str(caught.value.errors)


class TestLog:
    def test_another_thread_only_queues(self, clock: FakeClock) -> None:
        output = Output(clock)
        writer = AirbyteWriter(output, clock)
        logs = LogMessages(writer.log)
        record = logging.LogRecord("tap", logging.WARNING, "", 1, "slow %s", ("down",), None)
        thread = threading.Thread(target=logs.handle, args=(record,))
        thread.start()
        thread.join()
        assert output.messages == []
        logs.handle(record)
        assert output.messages == [{"type": "LOG", "log": {"level": "WARN", "message": "slow down"}}] * 2

    def test_a_message_is_never_written_into_another(self, clock: FakeClock) -> None:
        class Slow(Output):
            def write(self, data: Any) -> int:
                if b"RECORD" in bytes(data):
                    writer.log("INFO", "in between")
                return super().write(data)

        output = Slow(clock)
        writer = AirbyteWriter(output, clock, ["a"])
        writer.write_lines(b'{"type":"RECORD","record":{"stream":"a","data":{},"emitted_at":1}}\n')
        writer.beat()
        assert [each["type"] for each in output.messages] == ["TRACE", "RECORD", "LOG"]


def run(*arguments: str) -> Result:
    """Run the source as a platform does."""
    return CliRunner().invoke(cli, arguments)


class TestCommand:
    """Exit codes, and nothing but messages on standard output."""

    def test_spec(self) -> None:
        done = run("spec")
        assert done.exit_code == 0
        assert [json.loads(line)["type"] for line in done.stdout.splitlines()] == ["SPEC"]

    def test_a_check_that_fails_is_an_answer(self, tmp_path: Path) -> None:
        config = tmp_path / "config.json"
        config.write_text(json.dumps({"credentials": {"auth_type": "account", "client_id": CLIENT_ID}}))
        for file, words in ((config, "`client_secret` is missing"), (tmp_path / "none", "No such file")):
            done = run("check", "--config", str(file))
            assert done.exit_code == 0
            status = json.loads(done.stdout.splitlines()[-1])["connectionStatus"]
            assert (status["status"], words in status["message"]) == ("FAILED", True)

    def test_a_read_that_fails_is_an_error(self, tmp_path: Path) -> None:
        config = tmp_path / "config.json"
        config.write_text("{")
        done = run("read", "--config", str(config), "--catalog", str(config))
        assert done.exit_code == 1
        (trace,) = [json.loads(line)["trace"] for line in done.stdout.splitlines() if '"TRACE"' in line]
        assert trace["error"]["failure_type"] == "config_error"
        assert "Traceback" not in done.stderr

    def test_prints_of_a_library_are_no_messages(self, tmp_path: Path) -> None:
        config = tmp_path / "config.json"
        config.write_text("{}")
        program = (
            "import warnings; from tap_amazon_vendor.airbyte import source\n"
            "def chatter(self, config):\n    print('hello'); warnings.warn('old')\n"
            "source.Source.discover = chatter; source.cli()"
        )
        command = [sys.executable, "-W", "always", "-c", program, "discover", "--config", str(config)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "hello" in done.stderr
        (log,) = map(json.loads, done.stdout.splitlines())
        assert (log["log"]["level"], "old" in log["log"]["message"]) == ("WARN", True)


def thing(required: str, **properties: Json) -> Json:
    """A JSON schema of an object of just these properties."""
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


TEXT, NUMBER, OBJECT, BOOLEAN = ({"type": kind} for kind in ("string", "number", "object", "boolean"))
PATH = {"type": "array", "items": TEXT}
DESCRIPTOR = thing("name", name=TEXT)
STREAM = thing(
    "name json_schema supported_sync_modes",
    name=TEXT,
    json_schema=OBJECT,
    supported_sync_modes={"type": "array", "items": {"enum": ["full_refresh", "incremental"]}},
    source_defined_cursor=BOOLEAN,
    default_cursor_field=PATH,
    source_defined_primary_key={"type": "array", "items": PATH},
    is_resumable=BOOLEAN,
)

#: What the protocol says of each kind of message that the source writes (docs/airbyte.md#messages).
PROTOCOL = {
    "SPEC": thing(
        "connectionSpecification",
        connectionSpecification=OBJECT,
        documentationUrl=TEXT,
        supportsIncremental=BOOLEAN,
        supported_destination_sync_modes=PATH,
        protocol_version=TEXT,
    ),
    "CONNECTION_STATUS": thing("status", status={"enum": ["SUCCEEDED", "FAILED"]}, message=TEXT),
    "CATALOG": thing("streams", streams={"type": "array", "items": STREAM}),
    "RECORD": thing("stream data emitted_at", stream=TEXT, data=OBJECT, emitted_at={"type": "integer"}),
    "STATE": thing(
        "type stream",
        type={"const": "STREAM"},
        stream=thing("stream_descriptor", stream_descriptor=DESCRIPTOR, stream_state=OBJECT),
        sourceStats=thing("", recordCount=NUMBER),
    ),
    "LOG": thing(
        "level message",
        level={"enum": ["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"]},
        message=TEXT,
    ),
    "TRACE": thing(
        "type emitted_at",
        type={"enum": ["ERROR", "STREAM_STATUS"]},
        emitted_at=NUMBER,
        error=thing(
            "message",
            message=TEXT,
            internal_message=TEXT,
            stack_trace=TEXT,
            failure_type={"enum": ["system_error", "config_error", "transient_error"]},
        ),
        stream_status=thing(
            "stream_descriptor status",
            stream_descriptor=DESCRIPTOR,
            status={"enum": ["STARTED", "RUNNING", "COMPLETE", "INCOMPLETE"]},
        ),
    ),
}


@pytest.fixture
def all_kinds(airbyte: Airbyte) -> list[bytes]:
    """Messages of every kind: of each command, of good and of bad ends."""
    commands: tuple[Callable[[], object], ...] = (
        lambda: airbyte.source().spec(),
        lambda: airbyte.source().check(airbyte.config),
        lambda: airbyte.source().check({}),
        airbyte.catalog,
        lambda: airbyte.read(*STREAMS),
        lambda: airbyte.source().report(ZeroDivisionError("x")),
        lambda: airbyte.source().log("INFO", "x"),
    )
    airbyte.world.sandbox.inject("fatal_unknown_text", None, skip=25)
    lines: list[bytes] = []
    for command in commands:
        command()
        lines += airbyte.output.getvalue().splitlines()
    return lines


def test_the_messages_are_those_of_the_protocol(all_kinds: list[bytes]) -> None:
    validators = {kind: Draft7Validator(schema) for kind, schema in PROTOCOL.items()}
    contents = {kind: kind.lower() for kind in PROTOCOL} | {"CONNECTION_STATUS": "connectionStatus"}
    seen = set()
    for line in all_kinds:
        sent = json.loads(line)
        kind = sent["type"]
        assert sent.keys() == {"type", contents[kind]}
        assert [error.message for error in validators[kind].iter_errors(sent[contents[kind]])] == []
        seen.add(kind)
    assert seen == PROTOCOL.keys()


def test_the_messages_are_those_of_the_protocols_own_models(all_kinds: list[bytes]) -> None:
    """They come with the package airbyte-protocol-models-pdv2."""
    models = pytest.importorskip("airbyte_protocol.models", reason="airbyte-protocol-models-pdv2 is not installed")
    for line in all_kinds:
        assert not models.AirbyteMessage.model_validate_json(line).model_extra


def test_a_signal_leaves_streams_incomplete_and_keeps_its_exit_code(
    airbyte: Airbyte, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(_: TapAmazonVendor) -> None:
        raise SystemExit(143)

    monkeypatch.setattr(TapAmazonVendor, "sync_all", ended)
    with pytest.raises(SystemExit, match="143"):
        airbyte.read("vendor_sales")
    assert airbyte.statuses() == [("vendor_sales", "STARTED"), ("vendor_sales", "INCOMPLETE")]


class JsonFile(SingleFileSnapshotExtension):
    """A file for each snapshot."""

    _write_mode = WriteMode.TEXT
    file_extension = "json"


def without_times(message: Json) -> Json:
    """Take out when a record was written: that is by the computer's clock."""
    if "record" in message:
        message["record"]["emitted_at"] = 0
    return message


def test_the_messages_are_these_letter_by_letter(airbyte: Airbyte, snapshot: SnapshotAssertion) -> None:
    """The specification, and how two days of one stream are discovered and read."""
    golden = snapshot.use_extension(JsonFile)
    airbyte.source().spec()
    assert json.dumps(airbyte.output.messages, indent=1, ensure_ascii=False) + "\n" == golden(name="spec")
    name = "vendor_traffic_totals"
    catalog = [each for each in airbyte.catalog() if each["name"] == name]
    assert json.dumps(catalog, indent=1, ensure_ascii=False) + "\n" == golden(name="catalog")
    airbyte.config |= {"start_date": airbyte.world.day(6), "end_date": airbyte.world.day(5)}
    messages = [without_times(each) for each in airbyte.read(name)]
    text = json.dumps(messages, indent=1, ensure_ascii=False, default=float)
    assert text + "\n" == golden(name="read")
