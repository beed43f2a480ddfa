divert(-1)
dnl FEATURE(`relay_mail_from', `domain'): senders with From:user@domain RELAY in the access table may relay. Sender addresses are
dnl easily forged.
dnl
dnl Argument: `domain' also takes From:domain RELAY.
dnl
dnl Example:
dnl   FEATURE(`relay_mail_from')
ifdef(`_ACCESS_TABLE_', `', `_ERROR_(`FEATURE(relay_mail_from) needs FEATURE(access_db) in front of it')')
ifelse(defn(`_ARG_'), `domain', `define(`_RELAY_FROM_DOMAIN_', `1')')
PUSHDIVERT(42)
R$*			$: < ? > $>CanonAddr $&f
R< ? > $+ < @ $+ . >	$: < ? > $1 < @ $2 >
R< ? > $+ < @ $+ >	$: $>SearchList < ! From > $| < F : $1 @ $2 > ifdef(`_RELAY_FROM_DOMAIN_', `< D : $2 > ')< >
R< RELAY >		$@ < OK >
POPDIVERT
