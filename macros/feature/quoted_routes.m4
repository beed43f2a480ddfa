divert(-1)
dnl FEATURE(`quoted_routes'): recipients are taken although their user name holds another address in quotes or behind a backslash,
dnl as "joe@other.example"@ours.example with a blank in it, or joe\@other.example@ours.example. Without it only clients that may
dnl relay can name such recipients: the host that gets them next might send the mail on, and trusts this one.
dnl Arguments: none.
dnl Example:
dnl   FEATURE(`quoted_routes')
define(`_QUOTED_ROUTES_', `1')
