"""Notices on their way out: messages encrypted and signed, webhooks filled in, addresses looked at first."""
