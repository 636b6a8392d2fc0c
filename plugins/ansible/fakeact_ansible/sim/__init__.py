"""What happens in a run, without a screen and without a clock."""
