divert(-1)
dnl FEATURE(`virtusertable', `map'): users of virtual domains are looked up in a table.
dnl
dnl Argument: the map, default `hash /etc/mail/virtusertable'.
dnl Keys: `user@domain', `user+*@domain', `user++@domain', `@domain' for everyone else there. Values: an address, a local user,
dnl or `error:D.S.N:code text' (also `error:nouser 550 text'). %1 is the user, %2 the detail behind a plus, %3 the same with the
dnl plus. The domains are the names of this host and those of VIRTUSER_DOMAIN().
dnl
dnl Example:
dnl   FEATURE(`virtusertable')
dnl   VIRTUSER_DOMAIN(`example.org')
dnl and in /etc/mail/virtusertable
dnl   info@example.org    joe
dnl   @example.org        %1@example.com
define(`_VIRTUSER_TABLE_', `1')
PUSHDIVERT(30)Kvirtuser _MAP_SPEC_(`virtusertable', `virtuser')
POPDIVERT
