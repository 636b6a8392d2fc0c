"""How Terraform says what the simulation did."""
