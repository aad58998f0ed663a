"""The HTTP face: controllers and wire structs by resource, guards, problems."""
