divert(-1)
dnl FEATURE(`genericstable', `map'): senders get the address that a table has for them, in the header lines of mail that leaves
dnl (with FEATURE(`masquerade_envelope') also in the envelope).
dnl
dnl Argument: the map, default `hash /etc/mail/genericstable'.
dnl Keys: `user', `user@domain', `user+*', `@domain'. Values: an address or a user. %1 is the detail or, for `@domain', the user.
dnl Looked up are local users and addresses in the domains of GENERICS_DOMAIN().
dnl
dnl Example:
dnl   FEATURE(`genericstable')
dnl   GENERICS_DOMAIN(`example.org')
dnl and in /etc/mail/genericstable
dnl   joe     Joe.User@example.com
define(`_GENERICS_TABLE_', `1')
PUSHDIVERT(30)Kgenerics _MAP_SPEC_(`genericstable', `generics')
POPDIVERT
