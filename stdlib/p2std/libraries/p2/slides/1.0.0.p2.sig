plotter2-statement 1
kind script
name p2/slides/1.0.0
serial 1
language 1.0
issued 2026-11-24T09:15:57Z
expires never
entry 1.0.0.p2
SHA256 (1.0.0.p2) = f11d28ee6417cdafca1f9b34b1a10f58f94fd74d41f7172ec5057279e8211090
import sha256:52cd26a5d00e04dd1646f330ff36907980b4b7423916072e947b6475b8944d13 p2/palettes/1.0.0
limit cpu-ms 60000
limit mem-mib 4096
limit out-mib 256
limit wall-ms 60000
end
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgAYdN0nqRdA9AOBlEzwU87C5Xem
1K0zwEzTSopvJJeFgAAAAScGxvdHRlcjItc2NyaXB0QHYxAAAAAAAAAAZzaGE1MTIAAABT
AAAAC3NzaC1lZDI1NTE5AAAAQOqlxDrjziyT9urslh0gXdugCj5Um8S7I9mP0LVNd+wozt
eUR/ioY/UdbncMVyNDC1bZ/4Ppvf7sjPuTp4qT2gY=
-----END SSH SIGNATURE-----
