"""The mining itself: machine, threads, pool and the line between them. No io, no clock of its own."""
