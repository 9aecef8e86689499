"""What expressions and operations mean: types, units, schemas, rows and cost. Shared by checker and verifier.

It knows tagged values, signatures and schemas; it knows neither source text nor modules. A rule that is broken is a
`Clash`: the checker gives it a place in the script, the verifier makes a refusal of it.
"""
