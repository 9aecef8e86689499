plotter2-statement 1
kind script
name p2/statistics/1.0.0
serial 1
language 1.0
issued 2026-11-24T08:50:52Z
expires never
entry 1.0.0.p2
SHA256 (1.0.0.p2) = c2197970e8a72910b03ea26270b0c575fdc5074d388860f8a7ddca592231aeb9
limit cpu-ms 60000
limit mem-mib 4096
limit out-mib 256
limit wall-ms 60000
end
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgAYdN0nqRdA9AOBlEzwU87C5Xem
1K0zwEzTSopvJJeFgAAAAScGxvdHRlcjItc2NyaXB0QHYxAAAAAAAAAAZzaGE1MTIAAABT
AAAAC3NzaC1lZDI1NTE5AAAAQDLHy3IiVExI8CjYyVir1Fg2J8OeBqlOz8QKarfagZCdWY
2gMu1rzI1rvAGtn5mu2qaNKHro4X34g+XbsXcTsQE=
-----END SSH SIGNATURE-----
