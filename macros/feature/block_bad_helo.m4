divert(-1)
dnl FEATURE(`block_bad_helo'): clients that say HELO with a name without a dot or with one of our own names are refused when they
dnl name a recipient. Needs FEATURE(`delay_checks').
dnl
dnl Arguments: none. Hosts that may relay and users that said who they are are not asked.
dnl
dnl Example:
dnl   FEATURE(`delay_checks')
dnl   FEATURE(`block_bad_helo')
define(`_BLOCK_BAD_HELO_', `1')
PUSHDIVERT(10)# the loopback is ours
Cw[127.0.0.1] [IPv6:::1] [IPv6:0:0:0:0:0:0:0:1]
C{R}127.0.0.1 IPv6:::1 IPv6:0:0:0:0:0:0:0:1
POPDIVERT
