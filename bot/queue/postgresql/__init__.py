"""Deliveries in PostgreSQL, for several servers at once (docs/adr/0013).

A delivery is a row of `argofix_deliveries`. The one that a lane (repository) gives next, its *head*, also is a job of
procrastinate, with the lane as lock and as queueing lock: procrastinate then sees to it that at most one job of a
lane waits and at most one runs, over all servers. The others wait without a job, because procrastinate looks through
all jobs of a busy lane whenever it fetches one, and lets a job that waits for its time hold up its lane.

Locks are always taken in this order, so that no two transactions wait for each other: lanes, jobs, rows. Whoever
changes which row is the head of a lane holds the lane; taking a head changes none.
"""
