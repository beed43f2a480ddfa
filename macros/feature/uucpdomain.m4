divert(-1)
dnl FEATURE(`uucpdomain', `map'): UUCP hosts get the Internet name that a table has for them.
dnl
dnl Argument: the map, default `hash /etc/mail/uudomain'.
dnl
dnl Example:
dnl   FEATURE(`uucpdomain')
define(`_UUDOMAIN_TABLE_', `1')
PUSHDIVERT(30)Kuudomain _MAP_SPEC_(`uudomain', `uucpdomain')
POPDIVERT
