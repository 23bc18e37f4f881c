"""The rules of each report type, by the kind of account that has it."""
