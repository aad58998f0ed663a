"""Background work: what must happen though nobody asks for it. `all_jobs` lists it; the runner leads it."""
