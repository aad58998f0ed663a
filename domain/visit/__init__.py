"""Visit notes 现场走访记录: what follows from one, and what speaks for it or against it."""
