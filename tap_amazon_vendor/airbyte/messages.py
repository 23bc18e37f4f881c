"""Messages of the Airbyte protocol (docs/airbyte.md#messages), as JSON objects."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from datetime import datetime

    import msgspec

Message = dict[str, t.Any]

#: What is to be done about an error: the user changes the configuration, everybody waits, we mend the source.
FailureType = t.Literal["config_error", "transient_error", "system_error"]

StreamStatus = t.Literal["STARTED", "RUNNING", "COMPLETE", "INCOMPLETE"]


def milliseconds(moment: datetime) -> int:
    """Return a time as the protocol writes it: milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def log(level: str, text: str) -> Message:
    """Return a LOG message.

    Args:
        level: ``FATAL``, ``ERROR``, ``WARN``, ``INFO``, ``DEBUG`` or ``TRACE``.
        text: What is logged.
    """
    return {"type": "LOG", "log": {"level": level, "message": text}}


def record(stream: str, data: Message, at: datetime) -> Message:
    """Return a RECORD message."""
    return {"type": "RECORD", "record": {"stream": stream, "data": data, "emitted_at": milliseconds(at)}}


def stream_state(stream: str, state: msgspec.Raw, records: int) -> Message:
    """Return a STATE message of one stream.

    Args:
        stream: Name of the stream.
        state: Its state, encoded.
        records: RECORD messages of the stream since its last STATE message.
    """
    return {
        "type": "STATE",
        "state": {
            "type": "STREAM",
            "stream": {"stream_descriptor": {"name": stream}, "stream_state": state},
            "sourceStats": {"recordCount": records},
        },
    }


def stream_status(stream: str, status: StreamStatus, at: datetime) -> Message:
    """Return the TRACE message that says how far a stream is."""
    about = {"stream_descriptor": {"name": stream}, "status": status}
    return _trace("STREAM_STATUS", at, {"stream_status": about})


def error(text: str, failure: FailureType, at: datetime, *, internal: str = "", stack: str = "") -> Message:
    """Return the TRACE message of an error.

    Args:
        text: What the user reads.
        failure: Who has to do something about it.
        at: The current time.
        internal: What a developer reads.
        stack: The traceback of a defect of ours.
    """
    about: Message = {"message": text, "failure_type": failure}
    if internal:
        about["internal_message"] = internal
    if stack:
        about["stack_trace"] = stack
    return _trace("ERROR", at, {"error": about})


def connection_status(problem: str | None) -> Message:
    """Return the result of a connection test: a problem, or None if there is none."""
    status = {"status": "SUCCEEDED"} if problem is None else {"status": "FAILED", "message": problem}
    return {"type": "CONNECTION_STATUS", "connectionStatus": status}


def _trace(kind: str, at: datetime, content: Message) -> Message:
    return {"type": "TRACE", "trace": {"type": kind, "emitted_at": milliseconds(at), **content}}
