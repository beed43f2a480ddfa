divert(-1)
dnl FEATURE(`compat_check', `map'): pairs of sender and recipient are looked up in a table before delivery.
dnl
dnl Argument: the map, default the access table. Keys: Compat:sender<@>recipient; values: DISCARD, TEMP:code text, ERROR:code text.
dnl
dnl Example:
dnl   FEATURE(`compat_check')
dnl and in /etc/mail/access
dnl   Compat:a@example.com<@>b@example.net   ERROR:550 do not write to each other
define(`_COMPAT_MAP_', ifelse(defn(`_ARG_'), `', `access', `compat'))
ifelse(_COMPAT_MAP_, `compat', `PUSHDIVERT(30)Kcompat _ARG_
POPDIVERT',
ifdef(`_ACCESS_TABLE_', `1'), `1', `',
`_ERROR_(`FEATURE(compat_check) needs FEATURE(access_db) in front of it, or a map')')
PUSHDIVERT(34)
# sender $| recipient
Scheck_compat
R< $+ > $| $+		$: $1 $| $2
R$+ $| < $+ >		$: $1 $| $2
R$+ $| $+		$: < $(_COMPAT_MAP_ Compat : $1 < @ > $2 $: ? $) >
R< ? >			$@ OK
R< DISCARD : $* >		$#discard $: $1 " - discarded by check_compat"
R< DISCARD $* >		$#discard $: $1 " - discarded by check_compat"
R< TEMP : $* >		$#error $@ TEMPFAIL $: $1 " error from check_compat. Try again later"
R< ERROR : $* >		$#error $@ UNAVAILABLE $: $1 " error from check_compat"
POPDIVERT
