divert(-1)
dnl FEATURE(`dnsbl', `zone', `message', `t'): clients that a DNS list names are refused.
dnl
dnl Arguments: the zone of the list; the text of the refusal, as in the right side of a rule, or `quarantine' or `discard';
dnl `t' refuses for the moment when the list does not answer (or the text of that refusal). Hosts with Connect: OK or RELAY in the
dnl access table are not asked.
dnl
dnl Example:
dnl   FEATURE(`dnsbl', `bl.example.net', `"550 listed, see http://bl.example.net/" $&{client_addr}')
ifelse(defn(`_ARG_'), `', `_ERROR_(`FEATURE(dnsbl) needs the zone of a list')')
ifdef(`_DNSBL_MAP_', `', `define(`_DNSBL_MAP_', `1')PUSHDIVERT(30)Kdnsbl _OR_(`DNSBL_MAP', `dns -R A') -T<TMP>ifdef(`DNSBL_MAP_OPT', ` DNSBL_MAP_OPT')
POPDIVERT')
PUSHDIVERT(8)
# listed in _ARG_
R$*			$: < $&{client_addr} > $1
R< $- . $- . $- . $- > $*	$: < ? $(dnsbl $4.$3.$2.$1._ARG_. $: OK $) > $5
R< ? OK > $*		$: $1
ifelse(defn(`_ARG3_'), `', `R< ? $* < TMP > > $*	$: $2
', defn(`_ARG3_'), `t', `R< ? $* < TMP > > $*	$#error $@ 4.4.3 $: "451 Temporary lookup failure of " $&{client_addr} " at _ARG_"
', `R< ? $* < TMP > > $*	$#error $@ 4.4.3 $: _ARG3_
')dnl
R< ? $+ > $*		ifelse(defn(`_ARG2_'), `', `$#error $@ 5.7.1 $: "550 Rejected: " $&{client_addr} " listed at _ARG_"',
defn(`_ARG2_'), `quarantine', `$#error $@ quarantine $: _ARG_',
defn(`_ARG2_'), `discard', `$#discard $: discard',
`$#error $@ 5.7.1 $: _ARG2_')
R< $* > $*		$: $2
POPDIVERT
