divert(-1)
dnl FEATURE(`greet_pause', `milliseconds'): the server waits before its greeting; clients that do not wait for it are refused.
dnl GreetPause: in the access table changes the time for a host or network.
dnl
dnl Argument: the time, default none.
dnl
dnl Example:
dnl   FEATURE(`greet_pause', `3000')
define(`_GREET_PAUSE_', defn(`_ARG_'))
PUSHDIVERT(43)
# how long to wait:  client name $| client address
Sgreet_pause
R$*			$: $1 $| $>Local_greet_pause $1
R$* $| $* $| $#$*	$#$3
R$* $| $* $| $*		$: $1 $| $2
ifdef(`_ACCESS_TABLE_', `R$+ $| $+		$: $>D < $1 > < ? > < ! GreetPause > < $2 >
R< ? > < $+ >		$: $>A < $1 > < ? > < ! GreetPause > < >
R< ? > $*		$: < _GREET_PAUSE_ > < >
R< $* < TMPF > > $*	$@			the table cannot be asked: no pause
R< $+ > < $* >		$# $1
')dnl
R$*			$# _GREET_PAUSE_
POPDIVERT
