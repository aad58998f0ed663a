"""Spreadsheets 表格 of others, taken over: which column means what, what a cell says, and what is wrong with it."""
