"""The pages of the administration: registers with their acts, by one template."""
