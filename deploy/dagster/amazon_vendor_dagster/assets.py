"""The assets: one for each permission group, or stream, with a partition for each account."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from itertools import product

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
    Config,
    DynamicPartitionsDefinition,
    Failure,
    MetadataValue,
    multi_asset,
)
from pydantic import Field

from amazon_vendor_dagster.accounts import KINDS, refused
from amazon_vendor_dagster.pipeline import Passed, Pipeline, PipelineError
from amazon_vendor_dagster.settings import Settings, SettingsError
from amazon_vendor_dagster.sources import read_accounts
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


class Dates(Config):
    """Days to read again, whatever was read before; without them a run reads what is due."""

    start_date: str = Field(default="", description="The first of these days: 2026-01-01")
    end_date: str = Field(default="", description="The last of them: 2026-01-31")

    @property
    def given(self) -> dict[str, str]:
        """The settings of the tap.

        Raises:
            SettingsError: One of the two is missing.
        """
        if bool(self.start_date) != bool(self.end_date):
            message = "A range of days needs both `start_date` and `end_date`"
            raise SettingsError(message)
        return {"start_date": self.start_date, "end_date": self.end_date} if self.start_date else {}

    @property
    def name(self) -> str:
        """What the range is called, empty if there is none."""
        return " to ".join(self.given.values())


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
    def read(context: AssetExecutionContext, config: Dates) -> Iterator[Event]:
        labels = list(context.partition_keys)
        chosen = {key: streams for key, (_, streams) in assets.items() if key in context.selected_asset_keys}
        pipeline = Pipeline(settings.tap, settings.target, context.log.info)
        try:
            states = States(settings.state, kind, config.name)
            accounts = read_accounts(settings)
            wrong = {**refused({**accounts.config(kind, labels), **config.given}), **states.damaged(labels)}
            good = [label for label in labels if label not in wrong]
            with states.locked(good) as locks:
                passed = (
                    Passed()
                    if not good
                    else pipeline.run(
                        {**accounts.config(kind, good), **config.given},
                        frozenset[str]().union(*chosen.values()),
                        joined(states.read(good).values()),
                        keep=lambda state: states.write(split(state, good)),
                        locks=locks,
                    )
                )
        except (BusyError, PipelineError, SettingsError) as error:
            raise Failure(str(error)) from None
        report = Report(passed, states, chosen, due(datetime.now(timezone.utc).date(), settings.fresh_days))
        yield from report.events(good, wrong, config)

    return read


@dataclass(frozen=True)
class Report:
    """Reports to Dagster the status of each account and asset after a run.

    Attributes:
        passed: The run of the tap.
        states: The states after it.
        chosen: The assets of the run, and their streams.
        first_missing: The first day that may be missing.
    """

    passed: Passed
    states: States
    chosen: Mapping[AssetKey, frozenset[str]]
    first_missing: date

    def events(self, labels: list[str], wrong: Mapping[str, str], dates: Dates) -> Iterator[Event]:
        """Yield the materializations and checks of each account.

        Args:
            labels: The accounts of the run.
            wrong: Accounts that were left out because the tap would refuse them, and why.
            dates: The days that were asked for.

        Raises:
            Failure: An account could not be read, or windows failed.
        """
        unknown, bad, states = dict(wrong), {}, self.states.read(labels)
        # With 0 or 1 the ledger has an outcome for each window; otherwise the tap was killed before that.
        was_killed = self.passed.exit_code not in {0, 1}
        for label in labels:
            own = [row for row in self.passed.ledger.values() if row["account"] == label]
            if was_killed or (self.passed.exit_code and not own):
                unknown[label] = "the tap ended before it had read this account"
                continue
            if is_lost := unread(own, label):
                bad[label] = "could not be read"
            for key, streams in self.chosen.items():
                verdict = Verdict.of(own, states[label], label, streams, self.first_missing)
                if verdict.failed:
                    bad.setdefault(label, f"{len(verdict.failed)} windows of {key.path[-1]} failed")
                yield from _standing(key, label, verdict, dates, is_lost=is_lost)
        for label, key in product(unknown, () if dates.name else self.chosen):
            yield _check(key, label, "nothing_failed", unknown[label])
        bad |= unknown
        if dates.name:
            left = {row["account"] for row in self.passed.ledger.values() if row["outcome"] in {"failed", "later"}}
            self.states.forget({*labels} - {*bad} - left)
        if bad or self.passed.exit_code:
            summary = "; ".join(f"{label}: {text}" for label, text in bad.items())
            text = summary or f"The tap ended with exit code {self.passed.exit_code}"
            message = f"{text}\n{self.passed.last_words.strip()}"
            raise Failure(message)


def _standing(key: AssetKey, label: str, verdict: Verdict, dates: Dates, *, is_lost: bool) -> Iterator[Event]:
    """Yield the materialization and the checks of an account and asset."""
    if verdict.written and not is_lost:
        days = {"days": dates.name} if dates.name else {}
        yield AssetMaterialization(key, partition=label, metadata={**verdict.metadata, **days})
    # The checks cover all of an account's days: a range that is read again changes none of them.
    if not dates.name:
        yield _check(key, label, "nothing_failed", verdict.reasons)
        yield _check(key, label, "no_gap", listed(verdict.holes))
        yield _check(key, label, "fresh", listed(verdict.stale))


def _check(key: AssetKey, label: str, name: str, why: str) -> AssetCheckEvaluation:
    """Return the result of a check, which passes if no reason is given."""
    return AssetCheckEvaluation(
        asset_key=key,
        check_name=name,
        passed=not why,
        partition=label,
        severity=AssetCheckSeverity.ERROR,
        metadata={"why": MetadataValue.md(why)} if why else {},
    )
