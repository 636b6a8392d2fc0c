"""The training run itself: no io, no clock, no formatting; the views print what they read here."""
