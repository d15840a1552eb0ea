"""What is kept on disk: written atomically, locked, fetched, checked."""
