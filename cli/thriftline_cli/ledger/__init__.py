"""The ledger: who uploaded, approved, deployed and ended what, when, and what it cost."""
