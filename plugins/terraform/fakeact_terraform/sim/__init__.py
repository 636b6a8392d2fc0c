"""A small Terraform without a cloud: configuration, state, plan and the walk of the graph."""
