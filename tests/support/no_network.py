"""Refuse connections to other machines; ``python no_network.py MODULE ...`` imports."""

import importlib
import ipaddress
import socket
import sys


class NetworkUsedError(RuntimeError):
    """Something connects to another machine."""


def refuse_connections() -> None:
    """Let this process connect to itself and to its own machine only."""
    for name in 'connect', 'connect_ex':
        allowed = getattr(socket.socket, name)

        def connect(self, address, allowed=allowed):
            if self.family in (socket.AF_INET, socket.AF_INET6):
                host = address[0]
                if host != 'localhost' and not ipaddress.ip_address(host).is_loopback:
                    raise NetworkUsedError(f'connects to {address}')
            return allowed(self, address)

        setattr(socket.socket, name, connect)
    resolve = socket.getaddrinfo

    def getaddrinfo(host, *args, **options):
        if host not in (None, 'localhost', '127.0.0.1', '::1', socket.gethostname()):
            raise NetworkUsedError(f'looks up {host!r}')
        return resolve(host, *args, **options)

    socket.getaddrinfo = getaddrinfo


if __name__ == '__main__':
    refuse_connections()
    for module in sys.argv[1:]:
        importlib.import_module(module)
