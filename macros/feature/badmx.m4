divert(-1)
dnl FEATURE(`badmx', `regular expression'): senders are refused when an MX record of their domain leads to an address that cannot
dnl be right, like the loopback, or names no host but an address (seen, as
dnl elsewhere, where its last number has one digit).
dnl
dnl Argument: a regular expression of bad addresses, default those that begin with 127. or 10., and 0.0.0.0.
dnl
dnl Example:
dnl   FEATURE(`badmx')
PUSHDIVERT(30)Kbadmx regex -a<BADMX> ifelse(defn(`_ARG_'), `', ^(127\.|10\.|0\.0\.0\.0), `_ARG_')
Kmxnumber regex -a<NUMBER> ^(.*:)?([0-9]{1,3}\.){3}[0-9]\.?(:.*)?$
Kmxlist bestmx -z: -T<TEMP>
Kdnsa dns -R A -a. -T<TEMP>
POPDIVERT
ifdef(`_BAD_MX_', `', `define(`_BAD_MX_', `1')PUSHDIVERT(34)
# < host > < addresses found > the MX still to be asked, best first
SBadMX
R$*			$: < $1 > < > $(mxlist $1 $: $)
R< $* > < > $* < TEMP >	$#error $@ 4.1.2 $: "450 MX lookup failure for " $1
R< $* > < $* > $*	$: < $1 > < $2 > $(mxnumber $3 $)
R< $* > < $* > $* < NUMBER >	$#error $@ 5.1.2 $: "550 Illegal MX record for host " $1
R< $* > < $* > $+ : $*	< $1 > < $2 : $(dnsa $3 $) > $4
R< $* > < $* > $+	$: < $1 > < $2 : $(dnsa $3 $) >
# is one of them bad?
R< $* > < : $+ : $* >	< $1 > $(badmx $2 $: $) < : $3 >
R< $* > < : $+ >	$: < $1 > $(badmx $2 $: $)
R< $* > $* < BADMX > $*	$#error $@ 5.1.2 $: "550 Invalid MX record for host " $1
R$*			$@ OK
POPDIVERT
PUSHDIVERT(37)
R< $* > $* < @ [ $* >	$: < $1 > $2 < @ [ $3 >
R< ? > $* < @ $~[ $* >	$: < ? > $1 < @ $2 $3 > $| $>BadMX $2 $3
R$* $| $#$*		$#$2
R$* $| $*		$: $1
POPDIVERT
')
