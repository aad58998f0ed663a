"""The pages of the auditor's desk 审计台."""
