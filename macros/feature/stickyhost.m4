divert(-1)
dnl FEATURE(`stickyhost'): user@host with a name of ours is not the same as user: it goes to MAIL_HUB, or is delivered here without ruleset 5.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`stickyhost')
define(`_STICKY_HOST_', `1')
