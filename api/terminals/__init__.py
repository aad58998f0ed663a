"""Vehicle terminals over TCP (JT/T 808): a server beside the one for HTTP, in the same process."""
