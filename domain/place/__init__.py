"""Where things are: datums, distances, and the line around the bureau's district (辖区)."""
