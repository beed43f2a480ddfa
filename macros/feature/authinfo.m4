divert(-1)
dnl FEATURE(`authinfo', `map'): names and passwords for other servers are in a table of their own, not in the access table.
dnl
dnl Argument: the map, default `hash /etc/mail/authinfo'. Keys: AuthInfo:server, AuthInfo:address, `AuthInfo:' for all others.
dnl Values: "U:user" "P:password" "R:realm" "M:mechanisms". Nobody but root and the user that the server
dnl runs as should be able to read it.
dnl
dnl Example:
dnl   FEATURE(`authinfo')
dnl and in /etc/mail/authinfo
dnl   AuthInfo:smtp.example.net   "U:joe" "P:secret"
define(`_AUTHINFO_TABLE_', `1')
PUSHDIVERT(30)Kauthinfo _MAP_SPEC_(`authinfo', `authinfo')
POPDIVERT
