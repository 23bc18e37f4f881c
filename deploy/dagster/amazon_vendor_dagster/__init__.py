"""The tap on Dagster: accounts are partitions, permission groups are assets."""
