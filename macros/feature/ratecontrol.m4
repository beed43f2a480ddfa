divert(-1)
dnl FEATURE(`ratecontrol', `nodelay', `terminate'): clients that connect too often are refused; ClientRate: in the access table
dnl says how often in a minute (0: no limit, `ClientRate:' alone: for everybody else).
dnl
dnl Arguments: `nodelay' checks at once even with FEATURE(`delay_checks'), `terminate' closes the connection (421 instead of 452).
dnl
dnl Example:
dnl   FEATURE(`ratecontrol', `nodelay', `terminate')
dnl and in /etc/mail/access
dnl   ClientRate:192.0.2.7    60
dnl   ClientRate:             10
ifdef(`_ACCESS_TABLE_', `', `_ERROR_(`FEATURE(ratecontrol) needs FEATURE(access_db) in front of it')')
ifelse(defn(`_ARG_'), `nodelay', `define(`_RATE_EARLY_', `1')
ifdef(`_DELAY_CHECKS_', `define(`_RATE_FIRST_', `1')',
`_ERROR_(`FEATURE(ratecontrol, nodelay) needs FEATURE(delay_checks) in front of it')')')
define(`_RATE_CODE_', ifelse(defn(`_ARG2_'), `terminate', `421', `452'))
ifdef(`_RATE_CONTROL_', `', `define(`_RATE_CONTROL_', `1')PUSHDIVERT(34)
ifdef(`_ACCESS_TABLE_', `C{Src}A
')dnl
# connections of this client in the last minute against its limit
SRateControl
R$*			$: < > $>SearchList < ! ClientRate > $| < A : $&{client_addr} > < E : > < >
# no limit is said, or none
R< > < ? >		$@ OK
R< > < 0 >		$@ OK
R< > < $* < TMPF > >	$#error $@ 4.3.0 $: _TMPFMSG_
R< > < $- >		$: < $(arith l $@ $1 $@ $&{client_rate} $: FALSE $) >
R< TRUE >		$#error $@ 4.3.2 $: _RATE_CODE_ Connection rate limit exceeded.
R$*			$@ OK
POPDIVERT
')
