divert(-1)
dnl FEATURE(`promiscuous_relay'): mail of anybody for anybody is relayed. Never do this on a host that the Internet can reach.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`promiscuous_relay')
define(`_PROMISCUOUS_RELAY_', `1')_WARNING_(`FEATURE(promiscuous_relay): anybody may send anything to anybody through this host')
