divert(-1)
dnl FEATURE(`conncontrol', `nodelay', `terminate'): clients with too many open connections are refused; ClientConn: in the access
dnl table says how many (0: no limit, `ClientConn:' alone: for everybody else).
dnl
dnl Arguments: `nodelay' checks at once even with FEATURE(`delay_checks'), `terminate' closes the connection (421 instead of 452).
dnl
dnl Example:
dnl   FEATURE(`conncontrol', `nodelay', `terminate')
dnl and in /etc/mail/access
dnl   ClientConn:             10
ifdef(`_ACCESS_TABLE_', `', `_ERROR_(`FEATURE(conncontrol) needs FEATURE(access_db) in front of it')')
ifelse(defn(`_ARG_'), `nodelay', `define(`_CONN_EARLY_', `1')
ifdef(`_DELAY_CHECKS_', `define(`_CONN_FIRST_', `1')',
`_ERROR_(`FEATURE(conncontrol, nodelay) needs FEATURE(delay_checks) in front of it')')')
define(`_CONN_CODE_', ifelse(defn(`_ARG2_'), `terminate', `421', `452'))
ifdef(`_CONN_CONTROL_', `', `define(`_CONN_CONTROL_', `1')PUSHDIVERT(34)
ifdef(`_ACCESS_TABLE_', `C{Src}A
')dnl
# open connections of this client against its limit
SConnControl
R$*			$: < > $>SearchList < ! ClientConn > $| < A : $&{client_addr} > < E : > < >
# no limit is said, or none
R< > < ? >		$@ OK
R< > < 0 >		$@ OK
R< > < $* < TMPF > >	$#error $@ 4.3.0 $: _TMPFMSG_
R< > < $- >		$: < $(arith l $@ $1 $@ $&{client_connections} $: FALSE $) >
R< TRUE >		$#error $@ 4.3.2 $: _CONN_CODE_ Too many open connections.
R$*			$@ OK
POPDIVERT
')
