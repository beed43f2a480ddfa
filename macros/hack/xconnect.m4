divert(-1)
dnl HACK(`xconnect'): proxies that hand over the address of the client are not part of this library yet; does nothing.
dnl
dnl Example: none.
_WARNING_(`HACK(xconnect) does nothing')
