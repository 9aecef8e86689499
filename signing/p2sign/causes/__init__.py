"""Every way in which p2sign says no: code, stable name, cause and remedy. Holds texts, decides nothing."""

from __future__ import annotations

from p2sign.causes.logs import LOG_BACK, LOGS
from p2sign.causes.model import Cause
from p2sign.causes.packs import PACKS
from p2sign.causes.signatures import SIGNATURES
from p2sign.causes.statements import STATEMENTS
from p2sign.causes.trust import TRUST

__all__ = ["CAUSES", "LOG_BACK", "Cause"]

CAUSES: dict[str, Cause] = {
    cause.name: cause
    for cause in sorted(
        (*SIGNATURES, *STATEMENTS, *TRUST, *LOGS, *PACKS), key=lambda cause: cause.code
    )
}
"""Every refusal by its stable name, in the order of the codes; those from 780 to 799 belong to the caller."""
