"""The picture of `report_ledger`: what became of each day of each stream."""
