"""What happens while a project is synced: no io, no clock, chance only from the dice handed in."""
