divert(-1)
dnl FEATURE(`srs', `domain', `secret file', `flags'): the envelope sender of mail that is forwarded to other hosts becomes an
dnl address of ours (Sender Rewriting Scheme), and bounces to such an address are sent on to whom it stands for.
dnl
dnl Arguments: the domain of the new addresses, default $j; it becomes a name of this host. The file with the secrets, one a
dnl line, default /etc/mail/srs-secret: the first one signs, all of them are taken. Flags of the map (docs/forwarding.md):
dnl -e days that an address is good for (21), -l the longest local part (64, 0 for no limit), -h characters of the hash (4),
dnl -s separator. Mail of our own domains, of logins (AUTH) and with the null sender keeps its sender. Domains that count as our own
dnl beside those of this host: SRS_OWN_DOMAIN.
dnl
dnl Example:
dnl   FEATURE(`srs', `example.com', `/etc/mail/srs-secret', `-e 14')
dnl   SRS_OWN_DOMAIN(`example.org')
define(`_SRS_', `1')
define(`_SRS_DOMAIN_', ifelse(defn(`_ARG_'), `', ``$j'', `defn(`_ARG_')'))
PUSHDIVERT(30)Ksrs srs defn(`_ARG3_') ifelse(defn(`_ARG2_'), `', `MAIL_SETTINGS_DIR`'srs-secret', `defn(`_ARG2_')')
POPDIVERT
ifelse(defn(`_ARG_'), `', `', `LOCAL_DOMAIN(defn(`_ARG_'))')
PUSHDIVERT(38)# a bounce for a user with % or ! in his name is no attempt to relay
R$*			$: $1 $| $>SrsOurs $1
R$* $| YES		$@ RELAY
R$* $| $*		$: $1
POPDIVERT
