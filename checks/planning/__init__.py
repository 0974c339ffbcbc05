"""Changes that argofix proposes, all in one shape: plan, edits, proof, proposal.

A planner says what is to change and writes it down as edits (`gitops.files.spans.Edit`). `after_edits` gives the
commit as it would be with them, a proof compares the two (`Proof`, a `Row` for each promise), and what holds becomes
a `Proposal`. `ownership` and `bumps` are such planners; they know this shape, and not one another.
"""
