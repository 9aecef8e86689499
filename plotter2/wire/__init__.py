"""What host and child say to each other: small checked messages beside sealed memory.

No policy, no process and no thread lives here.
"""
