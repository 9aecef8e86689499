"""The error codes of safe copies on other machines, one line each. No behaviour."""

from __future__ import annotations

CUT = "P2-D0916"
NOT_UNDERSTOOD = "P2-D0917"
BAD_RELAY = "P2-D0918"
NO_ROOM = "P2-D0919"

CODES: dict[str, str] = {
    CUT: "the connection to the other side was cut or could not be made",
    NOT_UNDERSTOOD: "the other side of a relay said something that does not belong there, or refused the token",
    BAD_RELAY: "a relay's name or address does not fit, or no relay has this name",
    NO_ROOM: "the other side has not enough room for what it lacks",
}
