"""The assets: one for each permission group, or stream, with a partition for each account."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone

from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    AssetsDefinition,
    AssetSpec,
    BackfillPolicy,
    DynamicPartitionsDefinition,
    Failure,
    MetadataValue,
    multi_asset,
)

from amazon_vendor_dagster.accounts import KINDS, Accounts
from amazon_vendor_dagster.pipeline import Passed, Pipeline, PipelineError
from amazon_vendor_dagster.settings import Settings, SettingsError
from amazon_vendor_dagster.states import BusyError, States, joined, split
from amazon_vendor_dagster.verdicts import Verdict, due, listed, unread
from tap_amazon_vendor.streams import GROUPS

#: Limits how many processes read at a time: set in dagster.yaml, or in the page "Concurrency".
POOL = "amazon_vendor"

#: The accounts of each kind, as the sensor finds them.
PARTITIONS = {kind: DynamicPartitionsDefinition(name=f"amazon_{kind}_accounts") for kind in KINDS}

#: What a step tells of an account.
Event = AssetMaterialization | AssetCheckEvaluation

CHECKS = {
    "nothing_failed": "No window of the last run failed.",
    "no_gap": "All windows between the first and the newest day are read.",
    "fresh": "No day is missing that Amazon should have delivered by now.",
}


def streams_of(kind: str, *, by_stream: bool = False) -> dict[AssetKey, tuple[str, frozenset[str]]]:
    """Return the assets of a kind: for each key what it is, and its streams.

    Args:
        kind: Vendors, sellers or advertising.
        by_stream: An asset for each stream.
    """
    found = {}
    for group, declarations in GROUPS.items():
        names = [each.name for each in declarations if each.account_type == kind]
        if by_stream:
            found |= {AssetKey(["amazon", name]): (group, frozenset({name})) for name in names}
        elif names:
            slug = re.sub(r"\W+", "_", group.lower())
            key = slug if slug.startswith(("seller", "amazon")) else f"{kind}_{slug}"
            found[AssetKey(["amazon", key])] = (f"{group}: {', '.join(names)}", frozenset(names))
    return found


def make_assets(kind: str, settings: Settings) -> AssetsDefinition:
    """Return the assets of a kind of account.

    Args:
        kind: One of `KINDS`.
        settings: Where things are.
    """
    assets, partitions = streams_of(kind, by_stream=settings.by_stream), PARTITIONS[kind]

    @multi_asset(
        name=f"read_{kind}_accounts",
        # What is read is told account by account, not by the outputs of the step: one may fail, and the others not.
        specs=[
            AssetSpec(key, description=text, skippable=True, partitions_def=partitions, group_name=f"amazon_{kind}")
            for key, (text, _) in assets.items()
        ],
        check_specs=[
            AssetCheckSpec(name, asset=key, description=text, partitions_def=partitions)
            for key in assets
            for name, text in CHECKS.items()
        ],
        partitions_def=partitions,
        can_subset=True,
        backfill_policy=BackfillPolicy.multi_run(settings.accounts_per_run),
        pool=POOL,
    )
    def read(context: AssetExecutionContext) -> Iterator[Event]:
        labels = list(context.partition_keys)
        chosen = {key: streams for key, (_, streams) in assets.items() if key in context.selected_asset_keys}
        states = States(settings.state, kind)
        pipeline = Pipeline(settings.tap, settings.target, context.log.info)
        try:
            config = Accounts.read(settings.accounts).config(kind, labels)
            with states.locked(labels) as locks:
                passed = pipeline.run(
                    config,
                    frozenset[str]().union(*chosen.values()),
                    joined(states.read(labels).values()),
                    keep=lambda state: states.write(split(state, labels)),
                    locks=locks,
                )
        except (BusyError, PipelineError, SettingsError) as error:
            raise Failure(str(error)) from None
        yield from _report(passed, states, labels, chosen, settings.fresh_days)

    return read


def _report(
    passed: Passed,
    states: States,
    labels: list[str],
    chosen: Mapping[AssetKey, frozenset[str]],
    fresh_days: int,
) -> Iterator[Event]:
    """Tell Dagster how each account and asset stands.

    Raises:
        Failure: An account could not be read, or windows failed.
    """
    first_missing = due(datetime.now(timezone.utc).date(), fresh_days)
    bad, ledger = {}, list(passed.ledger.values())
    for label, state in states.read(labels).items():
        if lost := unread(ledger, label):
            bad[label] = "could not be read"
        for key, streams in chosen.items():
            verdict = Verdict.of(ledger, state, label, streams, first_missing)
            if verdict.failed:
                bad.setdefault(label, f"{len(verdict.failed)} windows of {key.path[-1]} failed")
            if verdict.written and not lost:
                yield AssetMaterialization(key, partition=label, metadata=verdict.metadata)
            for name, passes, text in (
                ("nothing_failed", not verdict.failed, verdict.reasons),
                ("no_gap", not verdict.holes, listed(verdict.holes)),
                ("fresh", not verdict.stale, listed(verdict.stale)),
            ):
                yield AssetCheckEvaluation(
                    asset_key=key,
                    check_name=name,
                    passed=passes,
                    partition=label,
                    severity=AssetCheckSeverity.ERROR,
                    metadata={"why": MetadataValue.md(text)} if text else {},
                )
    if bad or passed.exit_code:
        summary = "; ".join(f"{label}: {text}" for label, text in bad.items())
        text = f"{summary or f'The tap ended with exit code {passed.exit_code}'}\n{passed.last_words.strip()}"
        raise Failure(text)
