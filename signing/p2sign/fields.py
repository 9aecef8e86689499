"""Binary fields of SSH (RFC 4251 section 5): strings and uint32, read to the last byte or refused. Knows no key."""

from __future__ import annotations

from p2sign.refusal import Refusal


def string(data: bytes) -> bytes:
    """Give `data` as an SSH string: its length in 4 bytes, then the bytes."""
    return len(data).to_bytes(4, "big") + data


def mpint(number: int) -> bytes:
    """Give a positive number as an SSH mpint: the fewest bytes whose first bit is 0."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


class Fields:
    """Reads fields from the front of `data`; every misfit is the refusal `cause`."""

    def __init__(self, data: bytes, cause: str) -> None:
        self._data = data
        self._at = 0
        self._cause = cause

    def fixed(self, length: int, field: str) -> bytes:
        """Take exactly `length` bytes; `field` names them in the refusal."""
        end = self._at + length
        if end > len(self._data):
            raise self.misfit(f"the data ends within the field {field}")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def uint32(self, field: str) -> int:
        """Take 4 bytes as a number, most significant byte first."""
        return int.from_bytes(self.fixed(4, field), "big")

    def string(self, field: str) -> bytes:
        """Take an SSH string."""
        return self.fixed(self.uint32(field), field)

    def number(self, field: str, cause: str = "") -> int:
        """Take a positive mpint in its one form; `cause` is the refusal where it has another."""
        data = self.string(field)
        number = int.from_bytes(data, "big")
        if number == 0 or mpint(number) != string(data):
            raise Refusal(
                cause or self._cause, f"{field} is not a positive number in its shortest form"
            )
        return number

    def end(self) -> None:
        """Refuse whatever is left."""
        left = len(self._data) - self._at
        if left:
            raise self.misfit(f"{left} bytes follow after the last field")

    def misfit(self, what: str) -> Refusal:
        """Give the refusal of these fields with `what` as its sentence."""
        return Refusal(self._cause, what)
