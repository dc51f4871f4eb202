"""The running machine: clock, panel, decision, execution, ledger."""
