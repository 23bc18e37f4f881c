"""From windows of time to report documents. Knows nothing of Singer."""
