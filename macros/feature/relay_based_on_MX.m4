divert(-1)
dnl FEATURE(`relay_based_on_MX'): mail for domains that have this host as one of their MX is relayed.
dnl
dnl Arguments: none. Anybody can thereby make this host relay for a domain of theirs.
dnl
dnl Example:
dnl   FEATURE(`relay_based_on_MX')
define(`_RELAY_MX_SERVED_', `1')
PUSHDIVERT(30)Kmxserved bestmx -z: -T<TEMP>
POPDIVERT
PUSHDIVERT(40)
# hosts that name us as their MX
R$+ < @ $+ >		$: < : $(mxserved $2 $) : > $1 < @ $2 >
R< : $* < TEMP > : > $+ < @ $+ >	$: $2 < @ $3 > < TEMP >
R< $* : $=w . : $* > $*	$@ < OK >
R< $* : $=w : $* > $*	$@ < OK >
R< : $* : > $*		$: $2
POPDIVERT
PUSHDIVERT(47)
R$* < @ $+ > < TEMP > $| $*	$#error $@ 4.4.0 $: "450 Can not check MX records for recipient host " $2
POPDIVERT
