"""Writing Singer messages: records, schemas, state, BATCH files. The only room that uses private names of the SDK."""
