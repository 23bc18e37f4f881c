"""A DAG for Airflow 3: a mapped task for each account, a few at a time in the pool `amazon_vendor`; each fails alone.

Each account has a file `/etc/amazon/NAME.env` with its settings, `TAP_AMAZON_VENDOR_…`.
"""

import shlex
from pathlib import Path

from airflow.sdk import dag, task

ACCOUNTS = Path("/etc/amazon")
PROJECT = Path("/srv/pipeline")


@dag(schedule="30 11 * * *", catchup=False, max_active_runs=1)
def amazon_vendor():
    """Read all accounts."""

    @task
    def accounts() -> list[str]:
        return sorted(path.stem for path in ACCOUNTS.glob("*.env"))

    # The next run takes up what a failed one left.
    @task.bash(pool="amazon_vendor", retries=0)
    def read(account: str) -> str:
        name = shlex.quote(account)
        run = f"meltano run --state-id-suffix {name} tap-amazon-vendor target-postgres"
        return f"cd {PROJECT} && set -a && . {ACCOUNTS}/{name}.env && flock -n .lock-{name} {run}"

    read.expand(account=accounts())


amazon_vendor()
