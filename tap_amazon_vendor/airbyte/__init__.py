"""The tap as an Airbyte source: the same streams and the same run, in the messages of the Airbyte protocol."""
