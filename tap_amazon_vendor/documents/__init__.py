"""From a document on disk to typed rows: gzip, encodings, JSON slices, delimited text, cell values, rows.

Knows nothing of Amazon's API, of streams or of Singer. Uses `errors`.
"""
