"""The words and rules of the dedicated vehicle, as pure functions of values.

Nothing here knows a database, a network, a clock or the `api` package: facts come in, decisions go out.
"""
