plotter2-statement 1
kind script
name p2/palettes/1.0.0
serial 1
language 1.0
issued 2026-11-24T08:50:52Z
expires never
entry 1.0.0.p2
SHA256 (1.0.0.p2) = 52cd26a5d00e04dd1646f330ff36907980b4b7423916072e947b6475b8944d13
limit cpu-ms 60000
limit mem-mib 4096
limit out-mib 256
limit wall-ms 60000
end
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgAYdN0nqRdA9AOBlEzwU87C5Xem
1K0zwEzTSopvJJeFgAAAAScGxvdHRlcjItc2NyaXB0QHYxAAAAAAAAAAZzaGE1MTIAAABT
AAAAC3NzaC1lZDI1NTE5AAAAQFLPGyvSn7J0wAuYFvl8JIiVTELVLsqJLZKiTTXdk4/2Gq
6hSN+u7+WkpEqHI1isMwya/zPhshNoswAUqmhdCwA=
-----END SSH SIGNATURE-----
