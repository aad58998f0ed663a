"""What was before the books began: the old log on paper, and complaints as their source lists them."""
