"""What ends a demo early."""


class DemoError(Exception):
    """The demo did not end as it should; the message is for the person at the terminal."""
