divert(-1)
dnl FEATURE(`mtamark', `message', `t', `prefix'): clients whose address says in DNS (a TXT record of 0 below the prefix) that no mail
dnl server lives there are refused.
dnl
dnl Arguments: the text of the refusal; `t' refuses for the moment when DNS does not answer; the prefix, default _perm._smtp._srv.
dnl
dnl Example:
dnl   FEATURE(`mtamark')
PUSHDIVERT(30)Kmtamark dns -R TXT -a. -T<TMP>
POPDIVERT
define(`_MTAMARK_PREFIX_', ifelse(defn(`_ARG3_'), `', `_perm._smtp._srv', `defn(`_ARG3_')'))
PUSHDIVERT(8)
# addresses that are marked as no mail server
R$*			$: < $&{client_addr} > $1
R< $- . $- . $- . $- > $*	$: < ? $(mtamark _MTAMARK_PREFIX_.$4.$3.$2.$1.in-addr.arpa. $: OK $) > $5
ifelse(defn(`_ARG2_'), `t', `R< ? $* < TMP > > $*	$#error $@ 4.4.3 $: "451 Temporary lookup failure of " _MTAMARK_PREFIX_.$&{client_addr}.in-addr.arpa
')dnl
R< ? 0 . > $*		$#error $@ 5.7.1 $: ifelse(defn(`_ARG_'), `', `"550 Rejected: " $&{client_addr} " not listed as MTA"', `_ARG_')
R< ? $* > $*		$: $2
R< $* > $*		$: $2
POPDIVERT
