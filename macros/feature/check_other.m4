divert(-1)
dnl FEATURE(`check_other', `regular expression'): clients that send commands looking like header lines are disconnected (421): they
dnl are programs that take this for a web server, or do not read answers.
dnl
dnl Argument: another regular expression for such commands, default `^[!-9;-~]+:'.
dnl
dnl Example:
dnl   FEATURE(`check_other')
PUSHDIVERT(30)Kbadcommand regex -a<BAD> ifelse(defn(`_ARG_'), `', `^[[:print:]]+ *:', `_ARG_')
POPDIVERT
PUSHDIVERT(34)
# command $| first digit of the answer
Scheck_other
R$* $| $*		$: < $(badcommand $1 $: OK $) > $1
R< $* < BAD > > $*	$#error $@ 4.7.0 $: 421 bad command
R< < BAD > > $*		$#error $@ 4.7.0 $: 421 bad command
R< $* > $*		$: $2				no end here: sites add rules
POPDIVERT
