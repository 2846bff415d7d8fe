"""The page on this machine: static files, and an API whose calls are signed as the person."""
