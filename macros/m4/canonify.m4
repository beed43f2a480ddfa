divert(0)dnl
dnl canonify.m4: ruleset 3 brings any address into the form  user < @ host . >  that all other rules expect; the dot at
dnl the end says that the name is complete. Ruleset 4 takes it back.

#########################################################
#   canonify (3): any address to   user < @ host . >    #
#########################################################
Scanonify=3
# nothing is the null address, and brackets around nothing but the sign an empty list
R$@			$@ < @ >
R< @ >			$@ :; < @ >
R$+ < @ >		$: $1
R@ $+ , $+		$2				routes are not followed
# text outside brackets may begin with the name of a group,   name : member ;   and the member is left. A colon means
# something else in routes, file names of lists, names with two colons, and addresses of the sixth version
R$* : $* [ $* ]		$@ $>FindHost $2 [ $3 ]
R$* < $* > $*		$@ $>FindHost $1 < $2 > $3
R@ $+			$@ $>FindHost @ $1
R: include : $*		$@ $>FindHost :include: $1
R$* :: $*		$@ $>FindHost $1 :: $2
R$* [ IPv6 : $+ ]	$@ $>FindHost $1 [ IPv6 : $2 ]
R$* : $*		$@ $>FindHost $2
R$*			$@ $>FindHost $1

SFindHost
# what the innermost brackets hold is all that counts
R$* ;			$1
R$* < $+ :; > $*	$@ $2 :; < @ >			a list without members
R$* < $* ; >		$1 < $2 >
R$* < $* < $* > $*	$1 < $3 > $4
R$* < > $*		$@ < @ >
R$* < $+ > $*		$: $2
R$@			$@ :; < @ >
R@			$@ < @ >
R@ $+ , $+		$2
# as above: what is delivered has no brackets around it, what is checked has, and both have to be read alike
R@ $* : $* [ $* ]	$2 [ $3 ]
R@ [ $* ] : $+		$2
R@ $+ : $+		$2
# where is the host? After the last at sign ...
R$+ @ $+		$: $1 < @ $2 >
R$+ < $+ @ $+ >		$1 $2 < @ $3 >
R$+ < @ $+ >		$@ $>Canonify2 $1 < @ $2 >
ifdef(`_NO_UUCP_NOSPECIAL_', `', `# ... or in front of an exclamation mark ...
R$- ! $+		$@ $>Canonify2 $2 < @ $1 .UUCP >
R$+ . $- ! $+		$@ $>Canonify2 $3 < @ $1 . $2 >
R$+ ! $+		$@ $>Canonify2 $2 < @ $1 .UUCP >
')dnl
ifdef(`_DECNET_', `# ... or in front of two colons ...
R$- :: $+		$@ $>Canonify2 $2 < @ $1 .DECNET >
R$- . $- :: $+		$@ $>Canonify2 $3 < @ $1.$2 .DECNET >
')dnl
ifdef(`_NO_PERCENT_HACK_', `', `# ... or after the last percent sign
R$* % $*		$1 @ $2
R$* @ $* @ $*		$1 % $2 @ $3
')dnl
R$* @ $*		$@ $>Canonify2 $1 < @ $2 >
R$*			$@ $>Canonify2 $1		no host: a user of ours

SCanonify2=96
undivert(2)dnl
# the names of the loopback, and addresses in brackets that are ours
R$* < @ localhost > $*		$: $1 < @ $j . > $2
R$* < @ localhost . $m > $*	$: $1 < @ $j . > $2
ifdef(`_NO_UUCP_NOSPECIAL_', `', `R$* < @ localhost . UUCP > $*	$: $1 < @ $j . > $2
')dnl
R$* < @ [ $+ ] > $*		$: $1 < @ @ [ $2 ] > $3		mark it
R$* < @ @ $=w > $*		$: $1 < @ $j . > $3
R$* < @ @ $+ > $*		$@ $1 < @ $2 > $3
ifdef(`_DOMAIN_TABLE_', `# renamed domains
R$* < @ $+ > $*			$: $1 < @ $(domaintable $2 $) > $3
')dnl
ifdef(`_BITDOMAIN_TABLE_', `# BITNET hosts with a name of their own
R$* < @ $+ .BITNET > $*		$: $1 < @ $(bitdomain $2 $: $2 .BITNET $) > $3
')dnl
ifdef(`_UUDOMAIN_TABLE_', `# UUCP hosts with a name of their own
R$* < @ $+ .UUCP > $*		$: $1 < @ $(uudomain $2 $: $2 .UUCP $) > $3
')dnl
ifdef(`_NO_UUCP_NOSPECIAL_', `', `ifdef(`UUCP_RELAY', `R$* < @ $+ .UUCP > $*		$@ $1 < @ $2 .UUCP . > $3
', `ifdef(`_NO_CANONIFY_', `', `# a UUCP name that DNS knows is no UUCP name
R$* < @ $+ .UUCP > $*		$: $1 < @ $[ $2 $] .UUCP . > $3
R$* < @ $+ . .UUCP . > $*	$@ $1 < @ $2 . > $3
')')')dnl
R$*				$: $>FullHost $1
# pseudo domains are complete
R$* < @ $* $=P > $*		$: $1 < @ $2 $3 . > $4
# our own names and those that the site has listed are complete
R$* < @ $=w > $*		$: $1 < @ $2 . > $3
R$* < @ $=M > $*		$: $1 < @ $2 . > $3
ifdef(`_MASQ_ENTIRE_DOMAIN_', `R$* < @ $* . $=M > $*	$: $1 < @ $2 . $3 . > $4
')dnl
ifelse(ifdef(`_VIRT_CLASS_', `1')`'ifdef(`_VIRTUSER_TABLE_', `1'), `11', `R$* < @ $={VirtHost} > $*	$: $1 < @ $2 . > $3
ifdef(`_VIRTUSER_ENTIRE_DOMAIN_', `R$* < @ $* . $={VirtHost} > $*	$: $1 < @ $2 . $3 . > $4
')dnl
')dnl
ifelse(ifdef(`_GENERICS_CLASS_', `1')`'ifdef(`_GENERICS_TABLE_', `1'), `11', `R$* < @ $=G > $*		$: $1 < @ $2 . > $3
ifdef(`_GENERICS_ENTIRE_DOMAIN_', `R$* < @ $* . $=G > $*	$: $1 < @ $2 . $3 . > $4
')dnl
')dnl
# no two dots at the end
R$* < @ $* . . > $*		$1 < @ $2 . > $3

# the name of the host as DNS has it, with a dot at the end where it is complete
SFullHost
ifdef(`_NO_CANONIFY_', `ifdef(`_CANONIFY_HOSTS_', `# names without dots are looked up
R$* < @ $- > $*			$: $1 < @ $[ $2 $] > $3
')dnl
R$*				$: $&{daemon_flags} $| $1
R$* c $* $| $*			$: < c > $3			listeners with M=c look all names up
R$* $| $*			$: $2
R< c > $* < @ $* $~P > $*	$: < c > $1 < @ $[ $2 $3 $] > $4
R< c > $*			$@ $1
# other names with dots are taken as complete
R$* < @ $+ . $+ > $*		$: $1 < @ $2 . $3 . > $4
ifdef(`_CANONIFY_CLASS_', `# but not those of these domains, which are looked up
R$* < @ $* $={Canonify} . > $*	$: $1 < @ $[ $2 $3 $] > $4
')dnl
', `R$*				$: $&{daemon_flags} $| $1	listeners with M=C do not look names up
R$* CC $* $| $* < @ $+ . $+ > $*	$: $3 < @ $4 . $5 . > $6
R$* CC $* $| $*			$: $3
R$* $| $* < @ $* $~P > $*	$: $2 < @ $[ $3 $4 $] > $5
R$* $| $*			$: $2
')dnl

#########################################################
#   final (4): back to the form that is sent            #
#########################################################
Sfinal=4
R$+ :; < @ >			$@ $1 :
R:; < @ >			$@
R$* < @ >			$@				the null address
R$* < @ $+ . > $*		$1 < @ $2 > $3			no dot at the end
R$* < @ *LOCAL* > $*		$1 < @ $j > $2
R$* < $+ > $*			$1 $2 $3			no brackets
R@ $+ , @ $+ : $+		@ $1 : @ $2 : $3		routes as they were
ifdef(`_NO_UUCP_NOSPECIAL_', `', `R$+ @ $- .UUCP			$2 ! $1				names with an exclamation mark
')dnl
ifdef(`_DECNET_', `R$+ @ $+ .DECNET			$2 : : $1			names with two colons
')dnl
R$+ % $=w @ $=w			$1 @ $2				no detour through ourselves

# once more from the beginning
SRecurse=97
R$*			$: $>canonify $1
R$*			$@ $>parse $1

