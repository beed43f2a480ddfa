divert(-1)
dnl FEATURE(`destination_policy', `map'): how fast, over which connections and from which address mail goes to a destination.
dnl
dnl Argument: a map specification, default `hash /etc/mail/destinations'. Keys are To:domain (the next hop, and what lies below
dnl it), MX:domain (its best mail exchanger), From:domain (of the sender), Queue:name (queue group), Mailer:name and Default: with
dnl words as values (docs/destinations.md):
dnl   connections= messages_per_minute= messages_per_connection= family= source4= source6= tls= backoff=
dnl Where several keys fit, the first in that order decides about each word.
dnl
dnl Example:
dnl   FEATURE(`destination_policy', `hash /etc/mail/destinations')
ifdef(`_DESTINATION_POLICY_', `', `define(`_DESTINATION_POLICY_', `1')'
`LOCAL_CONFIG
Kdestpolicy ifelse(defn(`_ARG_'), `', `hash /etc/mail/destinations', `_ARG_')
PUSHDIVERT(34)
# what the table says of a name, or of what it lies below:  < tag > < name >
SDestinationLookup
R< $- > < $+ >			$: < $1 > < $2 > $( destpolicy $1:$2 $: ? $)
R< $- > < $- . $+ > ?		$@ $>DestinationLookup < $1 > < $3 >
R< $* > < $* > ?		$@
R< $- > < $+ > $+		$@ $3
R$*				$@
# how mail leaves:  next hop $| its best host $| domain of the sender $| mailer $| queue group
Sdestination_policy
R$* $| $* $| $* $| $* $| $*	$: < $2 > < $3 > < $4 > < $5 > $| $>DestinationLookup < To > < $1 >
R< $* > < $* > < $* > < $* > $| $*	$: < $2 > < $3 > < $4 > $5 , $| $>DestinationLookup < MX > < $1 >
R< $* > < $* > < $* > $* $| $*	$: < $2 > < $3 > $4 , $5 $| $>DestinationLookup < From > < $1 >
R< $* > < $* > $* $| $*	$: < $1 > $3 , $4 , $( destpolicy Queue:$2 $: $)
R< $* > $*			$: $2 , $( destpolicy Mailer:$1 $: $) , $( destpolicy Default: $: $)
R$+				$# $1
POPDIVERT
')dnl
