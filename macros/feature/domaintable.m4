divert(-1)
dnl FEATURE(`domaintable', `map'): domains are renamed by a table, in envelopes and header lines.
dnl
dnl Argument: the map, default `hash /etc/mail/domaintable'. Keys and values are whole domain names.
dnl
dnl Example:
dnl   FEATURE(`domaintable')
dnl and in /etc/mail/domaintable
dnl   old.example.org     example.org
define(`_DOMAIN_TABLE_', `1')
PUSHDIVERT(30)Kdomaintable _MAP_SPEC_(`domaintable', `domain')
POPDIVERT
