divert(-1)
dnl FEATURE(`enhdnsbl', `zone', `message', `t', `result', ...): as dnsbl, but only some answers of the list count.
dnl
dnl Arguments: zone, message and `t' as for dnsbl; then up to five answers, like `127.0.0.4', as in the left side of a rule; none:
dnl every answer.
dnl
dnl Example:
dnl   FEATURE(`enhdnsbl', `bl.example.net', `', `t', `127.0.0.2', `127.0.0.4')
ifelse(defn(`_ARG_'), `', `_ERROR_(`FEATURE(enhdnsbl) needs the zone of a list')')
ifdef(`_EDNSBL_MAP_', `', `define(`_EDNSBL_MAP_', `1')PUSHDIVERT(30)dnl
Kednsbl _OR_(`DNSBL_MAP', `dns -R A') -T<TMP>`'dnl
ifdef(`EDNSBL_TO', ` -r`'EDNSBL_TO')ifdef(`DNSBL_MAP_OPT', ` DNSBL_MAP_OPT')
POPDIVERT')
define(`_EDNSBL_REFUSE_', ifelse(defn(`_ARG2_'), `', ``_ERR_ 5.7.1 $: "550 Rejected: " $&{client_addr} " listed at '_ARG_`"'',
defn(`_ARG2_'), `quarantine', ``_ERR_ quarantine $: '_ARG_',
defn(`_ARG2_'), `discard', ``_DROP_'',
``_ERR_ 5.7.1 $: '_ARG2_'))
PUSHDIVERT(8)
# listed in _ARG_, with certain answers
R$*			$: < $&{client_addr} > $1
R< $- . $- . $- . $- > $*	$: < ? $(ednsbl $4.$3.$2.$1._ARG_. $: OK $) > $5
R< ? OK > $*		$: $1
ifelse(defn(`_ARG3_'), `', `R< ? $* < TMP > > $*	$: $2
', defn(`_ARG3_'), `t', `R< ? $* < TMP > > $*	$#error $@ 4.4.3 $: "451 Temporary lookup failure of " $&{client_addr} " at _ARG_"
', `R< ? $* < TMP > > $*	$#error $@ 4.4.3 $: _ARG3_
')dnl
R< ? $+ . > $*		$: < ? $1 > $2
ifelse(defn(`_ARG4_'), `', `R< ? $+ > $*		_EDNSBL_REFUSE_
', `R< ? patsubst(defn(`_ARG4_'), `\.$') > $*		_EDNSBL_REFUSE_
')dnl
ifelse(defn(`_ARG5_'), `', `', `R< ? patsubst(defn(`_ARG5_'), `\.$') > $*		_EDNSBL_REFUSE_
')dnl
ifelse(defn(`_ARG6_'), `', `', `R< ? patsubst(defn(`_ARG6_'), `\.$') > $*		_EDNSBL_REFUSE_
')dnl
ifelse(defn(`_ARG7_'), `', `', `R< ? patsubst(defn(`_ARG7_'), `\.$') > $*		_EDNSBL_REFUSE_
')dnl
ifelse(defn(`_ARG8_'), `', `', `R< ? patsubst(defn(`_ARG8_'), `\.$') > $*		_EDNSBL_REFUSE_
')dnl
R< $* > $*		$: $2
POPDIVERT
