"""What Dagster loads: assets, a schedule for each region, and the sensor that follows the file of accounts."""

from __future__ import annotations

from collections.abc import Iterator

from dagster import (
    AssetSelection,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    Definitions,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    define_asset_job,
    in_process_executor,
    schedule,
    sensor,
)
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from amazon_vendor_dagster.accounts import KINDS, REGIONS, shards
from amazon_vendor_dagster.assets import PARTITIONS, make_assets, streams_of
from amazon_vendor_dagster.settings import Settings
from amazon_vendor_dagster.sources import read_accounts

#: When Amazon has closed the day of a region's marketplaces, and published what it publishes by then (UTC).
CRON = {"na": "30 11 * * *", "eu": "0 9 * * *", "fe": "30 8 * * *"}

#: When dbt builds its models, after all regions have been read (UTC).
DBT_CRON = "30 14 * * *"

#: A run that died, perhaps with its machine, is started again: it continues where it stopped.
RETRIES = {"dagster/max_retries": "2", "dagster/retry_on_asset_or_op_failure": "false"}


def make_schedule(kind: str, region: str, settings: Settings) -> ScheduleDefinition:
    """Return the daily schedule of the accounts of a kind in a region: a run for each shard."""

    @schedule(
        name=f"{kind}_{region}",
        cron_schedule=CRON[region],
        execution_timezone="Etc/UTC",
        job_name=f"{kind}_accounts",
        default_status=DefaultScheduleStatus.STOPPED,
    )
    def daily(context: ScheduleEvaluationContext) -> Iterator[RunRequest | SkipReason]:
        accounts = {each.label: each for each in read_accounts(settings).of(kind)}
        order = PARTITIONS[kind].get_partition_keys(dynamic_partitions_store=context.instance)
        found = list(shards(accounts, order, region, settings.accounts_per_run))
        for labels in found:
            first, last = labels[0], labels[-1]
            yield RunRequest(
                run_key=f"{context.scheduled_execution_time:%Y-%m-%d %H:%M} {first}",
                tags={ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last, **RETRIES},
            )
        if not found:
            yield SkipReason(f"There are no {kind} accounts in {region}")

    return daily


def make_sensor(settings: Settings) -> SensorDefinition:
    """Return the sensor that adds and removes partitions as accounts come and go."""

    @sensor(minimum_interval_seconds=60, default_status=DefaultSensorStatus.RUNNING)
    def amazon_accounts(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        accounts, requests, said = read_accounts(settings), [], []
        running = BulkActionsFilter(statuses=[BulkActionStatus.REQUESTED])
        is_busy = bool(context.instance.get_backfills(filters=running, limit=1))
        for kind, partitions in PARTITIONS.items():
            known = {*partitions.get_partition_keys(dynamic_partitions_store=context.instance)}
            # Sorted so that accounts that one process may read are neighbours.
            found = sorted(accounts.of(kind), key=lambda each: (each.region, each.application))
            new = [each.label for each in found if each.label not in known]
            # Dagster aborts a whole backfill when one of its partitions is removed.
            gone = [] if is_busy else sorted(known - {each.label for each in found})
            if new:
                requests.append(partitions.build_add_request(new))
            if gone:
                requests.append(partitions.build_delete_request(gone))
            said += [f"{kind} {label} added" for label in new] + [f"{kind} {label} removed" for label in gone]
        if not requests:
            return SkipReason("No account was added or removed")
        context.log.info("; ".join(said))
        return SensorResult(dynamic_partitions_requests=requests)

    return amazon_accounts


def make_definitions(settings: Settings) -> Definitions:
    """Return all definitions.

    Args:
        settings: Where things are.
    """
    assets = {kind: make_assets(kind, settings) for kind in KINDS}
    found = Definitions(
        assets=list(assets.values()),
        jobs=[
            # One process for each run: a second one for its only step would cost as much as a tap.
            define_asset_job(f"{kind}_accounts", AssetSelection.assets(*each.keys), executor_def=in_process_executor)
            for kind, each in assets.items()
        ],
        schedules=[make_schedule(kind, region, settings) for kind in KINDS for region in REGIONS],
        sensors=[make_sensor(settings)],
        executor=in_process_executor,
    )
    return Definitions.merge(found, _models(settings)) if settings.dbt else found


def _models(settings: Settings) -> Definitions:
    """Return the dbt models and their schedule."""
    from amazon_vendor_dagster.models import make_models  # noqa: PLC0415  # an optional package

    keys = {
        stream: key
        for kind in KINDS
        for key, (_, streams) in streams_of(kind, by_stream=settings.by_stream).items()
        for stream in streams
    }
    models, dbt = make_models(settings.dbt, keys)
    job = define_asset_job("dbt_models_job", AssetSelection.assets(models))
    return Definitions(
        assets=[models],
        jobs=[job],
        schedules=[
            ScheduleDefinition(name="dbt_models", cron_schedule=DBT_CRON, job=job, execution_timezone="Etc/UTC")
        ],
        resources={"dbt": dbt},
    )


defs = make_definitions(Settings.of())
