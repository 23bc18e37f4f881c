"""The job engine: create jobs at Amazon, poll them, fetch their documents and return the results.

A job is anything that Amazon makes on request and that takes time: today reports, later Data Kiosk queries
and Ads reports. The engine knows neither Singer nor HTTP nor what a report is: a kind of job is a request and an API
that fit the protocols in `ports`. Clock and sleep are handed in.

It uses `outcomes` and `errors`, and nothing else of this package.
"""
