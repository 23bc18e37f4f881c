"""The stream `report_ledger`: what every window was requested with and how it ended. Uses `singer` and below."""
