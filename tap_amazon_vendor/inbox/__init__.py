"""Report files from a folder: recognise each by its content, then read it into the stream of its report."""
