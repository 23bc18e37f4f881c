"""Settings, accounts, marketplaces and secrets: what the user configures, checked before the first request.

Uses nothing else of this package.
"""
