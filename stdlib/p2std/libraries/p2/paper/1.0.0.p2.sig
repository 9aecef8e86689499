plotter2-statement 1
kind script
name p2/paper/1.0.0
serial 1
language 1.0
issued 2026-11-24T09:15:57Z
expires never
entry 1.0.0.p2
SHA256 (1.0.0.p2) = 360fcec94482db201af4b7d7bb1b68059abedd220a3a58f35d2e8b6e669496d9
import sha256:52cd26a5d00e04dd1646f330ff36907980b4b7423916072e947b6475b8944d13 p2/palettes/1.0.0
limit cpu-ms 60000
limit mem-mib 4096
limit out-mib 256
limit wall-ms 60000
end
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgAYdN0nqRdA9AOBlEzwU87C5Xem
1K0zwEzTSopvJJeFgAAAAScGxvdHRlcjItc2NyaXB0QHYxAAAAAAAAAAZzaGE1MTIAAABT
AAAAC3NzaC1lZDI1NTE5AAAAQMf/jfUp63c3D1grwcAmyGtfS49oZDyiabHoBEK32q8/XY
YFlghm16dNoh1lTweGedliuXp9rP2JJM8aKMwf6g0=
-----END SSH SIGNATURE-----
