plotter2-statement 1
kind script
name p2/smoothing/1.0.0
serial 1
language 1.0
issued 2026-11-24T08:50:52Z
expires never
entry 1.0.0.p2
SHA256 (1.0.0.p2) = 5200434130393661decaddb4bdfe84b6309fc0135e9c56f8d9d4495855fc479c
limit cpu-ms 60000
limit mem-mib 4096
limit out-mib 256
limit wall-ms 60000
end
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgAYdN0nqRdA9AOBlEzwU87C5Xem
1K0zwEzTSopvJJeFgAAAAScGxvdHRlcjItc2NyaXB0QHYxAAAAAAAAAAZzaGE1MTIAAABT
AAAAC3NzaC1lZDI1NTE5AAAAQJVoUaneFBpEA3Sp1GM5o8vmzY1YkWw0xHYGjOFvvxN2d0
N/zHuLjt/D5x0JoII3TVukeFat//xkKaH4yYWAKgk=
-----END SSH SIGNATURE-----
