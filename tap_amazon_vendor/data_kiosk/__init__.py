"""Data Kiosk: views, queries and their API, a kind of job for `engine` (docs/amazon/data-kiosk.md)."""
