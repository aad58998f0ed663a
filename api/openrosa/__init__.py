"""ODK Collect as installed: OpenRosa's form list, forms, manifests and submissions."""
