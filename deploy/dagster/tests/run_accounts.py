"""What Dagster's daemon does, for tests: python run_accounts.py {sensor | schedule NAME | run FIRST LAST [ASSET…]}."""

import json
import sys
from contextlib import suppress
from datetime import datetime, timezone

from amazon_vendor_dagster.definitions import defs
from dagster import AssetKey, DagsterInstance, build_schedule_context, build_sensor_context
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


def run(instance: DagsterInstance, first: str, last: str, assets: list[str]) -> None:
    """Read a range of accounts; print what was materialised, and the checks."""
    job = defs.get_job_def("vendor_accounts")
    tags = {ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last}
    selection = [AssetKey(["amazon", name]) for name in assets]
    result = job.execute_in_process(instance=instance, tags=tags, asset_selection=selection, raise_on_error=False)
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


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        command, *arguments = sys.argv[1:]
        if command == "sensor":
            follow_accounts(DagsterInstance.get())
        elif command == "schedule":
            shards_of(DagsterInstance.get(), *arguments)
        else:
            run(DagsterInstance.get(), arguments[0], arguments[1], arguments[2:])
