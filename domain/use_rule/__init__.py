"""The complaint-only rule: facts in, a permit or a refusal with every reason out."""
