"""Whether all is well: facts of a service and its machine in, a verdict for each with what helps."""
