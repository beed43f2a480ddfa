divert(-1)
dnl FEATURE(`queuegroup', `group'): the access table chooses the queue group of a recipient (QGRP:user@domain, QGRP:domain).
dnl
dnl Argument: the group of everybody else, default mqueue.
dnl
dnl Example:
dnl   QUEUE_GROUP(`slow', `P=/var/spool/mqueue/slow, I=2h')
dnl   FEATURE(`queuegroup', `mqueue')
ifdef(`_ACCESS_TABLE_', `', `_ERROR_(`FEATURE(queuegroup) needs FEATURE(access_db) in front of it')')
PUSHDIVERT(34)
# the queue group of a recipient
Squeuegroup
R< $+ >			$1
R$+ @ $+		$: < > $>SearchList < ! QGRP > $| < F : $1 @ $2 > < D : $2 > < >
R< > < ? >		ifelse(defn(`_ARG_'), `', `$@', `$# _ARG_')
R< > < $+ >		$# $1
POPDIVERT
