"""Writes Singer messages: records, schemas, BATCH files. Private names of the SDK are listed in docs/sdk.md."""
