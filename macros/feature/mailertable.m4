divert(-1)
dnl FEATURE(`mailertable', `map'): where mail for a domain goes is looked up in a table.
dnl
dnl Argument: the map, default `hash /etc/mail/mailertable'.
dnl Keys: `host.domain', `.domain' for every host below it, `.' for everything else. Values: `mailer:host', `local:user',
dnl `error:D.S.N:code text'; %1 is what stands in front of a key that begins with a dot. Names of this host are not sought.
dnl
dnl Example:
dnl   FEATURE(`mailertable')
dnl and in /etc/mail/mailertable
dnl   example.net     esmtp:[mail.inside.example.net]
dnl   .example.net    esmtp:%1.inside.example.net
PUSHDIVERT(30)Kmailertable _MAP_SPEC_(`mailertable', `mailer')
POPDIVERT
ifdef(`_MAILER_TABLE_', `', `define(`_MAILER_TABLE_', `1')PUSHDIVERT(31)
# < host > address: the entry of the host in the mailer table, else of the domains above it, else of the dot
SMailertable=90
R< $* . > $*			$: < $1 > $2
R< $+ > $*			$: < $1 > < > < $(mailertable $1 $: ! $) > $2
R< $- . $+ > < $* > < ! > $*	< $2 > < $3 $1 . > < $(mailertable . $2 $@ $3 $1 $: ! $) > $4
R< $- > < $* > < ! > $*		$: < $1 > < $2 > < = > $3
R< $* > < $* > < $~[ : $* > $*	$@ $>MailerToTriple < $3 : $4 > $5
# nothing, or nothing with a mailer
R< $* > < $* > < $* > $*	$: < $(mailertable . $@ $2 $1 $: ! $) > $4
R< $~[ : $* > $*		$@ $>MailerToTriple < $1 : $2 > $3
R< $* > $*			$@ $2
POPDIVERT
')
