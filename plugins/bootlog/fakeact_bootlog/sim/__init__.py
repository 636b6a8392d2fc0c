"""A machine that starts: its memory and parts, its kernel, and its units as systemd starts them."""
