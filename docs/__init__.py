"""What is generated in the documentation; ``python -m docs.generate`` writes it, a test compares."""
