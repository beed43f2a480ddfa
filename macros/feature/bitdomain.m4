divert(-1)
dnl FEATURE(`bitdomain', `map'): BITNET hosts get the Internet name that a table has for them.
dnl
dnl Argument: the map, default `hash /etc/mail/bitdomain'.
dnl
dnl Example:
dnl   FEATURE(`bitdomain')
define(`_BITDOMAIN_TABLE_', `1')
PUSHDIVERT(30)Kbitdomain _MAP_SPEC_(`bitdomain', `bitdomain')
POPDIVERT
