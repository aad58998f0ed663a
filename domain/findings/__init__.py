"""Findings 异常: what does not add up, and waits for an explanation and a ruling."""
