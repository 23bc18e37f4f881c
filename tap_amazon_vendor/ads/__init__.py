"""Amazon Ads: consent, profiles, report types and the Ads API, a kind of job for `engine` (docs/amazon/ads.md)."""
