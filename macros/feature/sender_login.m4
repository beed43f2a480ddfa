divert(-1)
dnl FEATURE(`sender_login', `map', `strict'): which senders a login (AUTH) may use in MAIL.
dnl
dnl Arguments: the map, default `hash /etc/mail/sender_login'. Keys: user@domain, or @domain for all others there. Values: the
dnl logins that may use it, with commas between them, or `*' for every login. With `strict' a sender without an entry may be used
dnl by nobody; without it by everybody. Clients without AUTH are not asked.
dnl
dnl Example:
dnl   FEATURE(`sender_login', `', `strict')
dnl and in /etc/mail/sender_login
dnl   joe@example.com     joe, secretary
dnl   @lists.example.com  listmaster
PUSHDIVERT(30)Ksender_login _MAP_SPEC_(`sender_login', `sender_login')
POPDIVERT
ifdef(`_SENDER_LOGIN_', `', `define(`_SENDER_LOGIN_', `1')PUSHDIVERT(34)
# may this login use this sender?
Ssender_login
R$*			$: $>canonify $1
R<>			$@ OK
R$* < @ >		$@ OK
R$* < @ $+ . >		$1 < @ $2 >
R$+ < @ $+ >		$: < $(sender_login $1 @ $2 $: ? $) > $1 < @ $2 >
R< ? > $+ < @ $+ >	$: < $(sender_login @ $2 $: ? $) > $1 < @ $2 >
R< ? > $*		ifelse(defn(`_ARG2_'), `strict', `$#error $@ 5.7.1 $: "550 nobody may use this sender address"', `$@ OK')
R< * > $*		$@ OK
R< $+ > $*		$: < , $1 , >
R< $* , $&{auth_authen} , $* >	$@ OK
R< $* >			$#error $@ 5.7.1 $: "550 this sender address is not for " $&{auth_authen}
R$*			ifelse(defn(`_ARG2_'), `strict', `$#error $@ 5.7.1 $: "550 nobody may use this sender address"', `$@ OK')
POPDIVERT
')
