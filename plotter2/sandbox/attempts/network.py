"""Attempts to reach anything: every family of sockets that a machine usually has."""

from __future__ import annotations

import array
import errno
import os
import socket
from typing import Final

from plotter2.sandbox.attempts.attempt import Attempt, Place, socket_of

_NOT_REACHED: Final = (errno.ECONNREFUSED, errno.ENETUNREACH, errno.EADDRNOTAVAIL)


def _connect(place: Place) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.connect(("127.0.0.1", place.tcp))


def _send(place: Place) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"x", ("127.0.0.1", place.udp))


def _listen(_: Place) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.bind(("127.0.0.1", 0))
        one.listen()


def _connect_local(place: Place) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        one.connect(place.local)


def _connect_nameless(place: Place) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        one.connect("\0" + place.local)


def _pair(_: Place) -> None:
    for one in socket.socketpair():
        one.close()


def _hand_over(_: Place) -> None:
    """Send a descriptor over the channel to the host, as only `sendmsg` can."""
    with socket.socket(fileno=os.dup(3)) as channel:
        own = array.array("i", [0]).tobytes()
        channel.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, own)])


def _family(name: str, family: int, kind: int, protocol: int = 0, *, lent: bool = False) -> Attempt:
    return Attempt("network", name, lambda _: socket_of(family, kind, protocol), lent=lent)


NETWORK: Final = (
    _family("TCP over IPv4", socket.AF_INET, socket.SOCK_STREAM),
    _family("UDP over IPv4", socket.AF_INET, socket.SOCK_DGRAM),
    _family("TCP over IPv6", socket.AF_INET6, socket.SOCK_STREAM),
    _family("UDP over IPv6", socket.AF_INET6, socket.SOCK_DGRAM),
    _family("raw IPv4", socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP, lent=True),
    _family("UNIX stream", socket.AF_UNIX, socket.SOCK_STREAM),
    _family("UNIX datagram", socket.AF_UNIX, socket.SOCK_DGRAM),
    _family("UNIX packets", socket.AF_UNIX, socket.SOCK_SEQPACKET),
    _family("netlink", socket.AF_NETLINK, socket.SOCK_RAW),
    _family("packets of the network", socket.AF_PACKET, socket.SOCK_RAW, lent=True),
    _family("virtual machines", socket.AF_VSOCK, socket.SOCK_STREAM),
    _family("ciphers of the kernel", socket.AF_ALG, socket.SOCK_SEQPACKET),
    Attempt("network", "a pair of sockets", _pair),
    Attempt("network", "connect to a port", _connect, also=_NOT_REACHED),
    Attempt("network", "send a datagram", _send, also=_NOT_REACHED),
    Attempt("network", "listen on a port", _listen, also=_NOT_REACHED),
    Attempt("network", "connect to a socket in a folder", _connect_local, also=_NOT_REACHED),
    Attempt("network", "connect to a socket without a path", _connect_nameless, also=_NOT_REACHED),
    Attempt("network", "hand a descriptor to the host", _hand_over),
)
