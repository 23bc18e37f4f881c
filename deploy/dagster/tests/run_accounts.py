"""Does what Dagster's daemon and web pages do, for tests. Takes several commands, because each start takes seconds.

python run_accounts.py COMMAND [-- COMMAND…], each of
  sensor | schedule NAME | backfill STATUS | run FIRST LAST ASSET… | dates START END FIRST LAST ASSET… | model NAME
"""

import json
import sys
from datetime import datetime, timezone
from itertools import groupby

from amazon_vendor_dagster.definitions import defs
from dagster import AssetKey, DagsterInstance, build_schedule_context, build_sensor_context
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG


def follow_accounts(instance: DagsterInstance) -> None:
    """Evaluate the sensor, and do what it asks for."""
    repository = defs.get_repository_def()
    context = build_sensor_context(instance, repository_def=repository)
    result = repository.get_sensor_def("amazon_accounts")(context)
    for request in getattr(result, "dynamic_partitions_requests", ()):
        name, keys = request.partitions_def_name, request.partition_keys
        if type(request).__name__.startswith("Add"):
            instance.add_dynamic_partitions(name, keys)
        for key in keys if type(request).__name__.startswith("Delete") else ():
            instance.delete_dynamic_partition(name, key)
    print(json.dumps(instance.get_dynamic_partitions("amazon_vendor_accounts")))


def shards_of(instance: DagsterInstance, name: str) -> None:
    """Print the shards that a schedule asks for."""
    repository = defs.get_repository_def()
    context = build_schedule_context(
        instance, repository_def=repository, scheduled_execution_time=datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
    )
    data = repository.get_schedule_def(name).evaluate_tick(context)
    tags = [request.tags for request in data.run_requests]
    print(json.dumps([[each[ASSET_PARTITION_RANGE_START_TAG], each[ASSET_PARTITION_RANGE_END_TAG]] for each in tags]))


def note_backfill(instance: DagsterInstance, status: str) -> None:
    """Set the status of a backfill."""
    found = PartitionBackfill("one", BulkActionStatus[status], from_failure=False, tags={}, backfill_timestamp=0.0)
    if instance.get_backfill("one"):
        instance.update_backfill(found)
    else:
        instance.add_backfill(found)
    print(json.dumps(status))


def run(instance: DagsterInstance, first: str, last: str, assets: list[str], dates: dict[str, str]) -> None:
    """Read a range of accounts; print what was materialised, and the checks."""
    job = defs.get_job_def("vendor_accounts")
    tags = {ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last}
    selection = [AssetKey(["amazon", name]) for name in assets]
    config = {"ops": {"read_vendor_accounts": {"config": dates}}}
    result = job.execute_in_process(
        instance=instance, run_config=config, tags=tags, asset_selection=selection, raise_on_error=False
    )
    materialised = [
        [
            event.asset_key.path[-1],
            event.partition,
            event.step_materialization_data.materialization.metadata["dagster/row_count"].value,
        ]
        for event in result.all_events
        if event.is_step_materialization
    ]
    checks = [
        [found.asset_key.path[-1], found.check_name, found.partition, found.passed]
        for found in result.get_asset_check_evaluations()
    ]
    why = [event.step_failure_data.error.message for event in result.all_events if event.is_step_failure]
    print(json.dumps({"success": result.success, "materialised": materialised, "checks": checks, "why": why}))


def build(instance: DagsterInstance, name: str) -> None:
    """Build a dbt model; print its parents, and whether the build succeeded."""
    key = AssetKey([name])
    parents = defs.resolve_asset_graph().get(key).parent_keys
    result = defs.get_job_def("dbt_models_job").execute_in_process(instance=instance, asset_selection=[key])
    print(json.dumps({"parents": sorted(each.to_user_string() for each in parents), "success": result.success}))


def do(command: str, *arguments: str) -> None:
    """Carry out a command."""
    instance = DagsterInstance.get()
    if command == "sensor":
        follow_accounts(instance)
    elif command == "schedule":
        shards_of(instance, *arguments)
    elif command == "backfill":
        note_backfill(instance, *arguments)
    elif command == "model":
        build(instance, *arguments)
    elif command == "dates":
        start, end, first, last, *assets = arguments
        run(instance, first, last, assets, {"start_date": start, "end_date": end})
    else:
        first, last, *assets = arguments
        run(instance, first, last, assets, {})


if __name__ == "__main__":
    for is_end, some in groupby(sys.argv[1:], lambda word: word == "--"):
        if not is_end:
            do(*some)
