"""The command line `zhuanche`: one module a command, each a few lines over the use cases."""
