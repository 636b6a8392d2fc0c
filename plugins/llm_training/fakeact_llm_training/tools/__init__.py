"""What other programs say around a trainer, as lines: launchers, NCCL, schedulers, checks."""
