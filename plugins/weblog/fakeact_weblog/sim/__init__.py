"""A web server, what is behind it, and who asks it: no io, no clock, chance only from what is handed in."""
