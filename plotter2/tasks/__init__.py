"""What is declared on bundles: which of them answers for which table, and what may run where."""
