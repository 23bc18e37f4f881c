"""Talking to Amazon: transport, throttle, login, client, consent, and the meaning of Amazon's error texts.

Uses `config`, `outcomes` and `errors`. It knows neither jobs nor reports.
"""
