"""What happens, without io and without a clock: versions, transfers, precompilation."""
