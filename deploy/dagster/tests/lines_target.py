"""A target that writes rows to a file for each stream and process, and confirms each state at once: FOLDER."""

import json
import os
import sys
from pathlib import Path

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
files = {}
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "RECORD":
        name = message["stream"]
        if name not in files:
            files[name] = (folder / f"{name}-{os.getpid()}.jsonl").open("a", encoding="utf-8")
        files[name].write(json.dumps(message["record"]) + "\n")
    elif message["type"] == "STATE":
        for file in files.values():
            file.flush()
        sys.stdout.write(json.dumps(message["value"]) + "\n")
        sys.stdout.flush()
