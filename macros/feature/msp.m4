divert(-1)
dnl FEATURE(`msp', `host', `MSA'): the submission program: takes mail on the command line and hands it to a server. This makes a
dnl submit.cf.
dnl
dnl Arguments: the server, default [localhost] (`[127.0.0.1]' avoids look-ups); `MSA' for port 587 instead of 25.
dnl It brings its mailers along: no MAILER() lines are needed.
dnl
dnl Example:
dnl   OSTYPE(`linux')
dnl   FEATURE(`msp', `[127.0.0.1]', `MSA')
define(`_MSP_', `1')
define(`_MSP_HOST_', ifelse(defn(`_ARG_'), `', `[localhost]', `defn(`_ARG_')'))
define(`_MSP_PORT_', ifelse(defn(`_ARG2_'), `MSA', ` 587'))
undefine(`ALIAS_FILE')
define(`confFORWARD_PATH', `')
define(`confPRIVACY_FLAGS', `goaway,noetrn,restrictqrun')
define(`confDELIVERY_MODE', `i')
define(`confUSE_MSP', `True')
define(`confDONT_PROBE_INTERFACES', `True')
_DEFIFNOT(`confTIME_ZONE_MSP', `')
_DEFIFNOT(`MSP_QUEUE_DIR', `/var/spool/clientmqueue')
define(`QUEUE_DIR', MSP_QUEUE_DIR)
_DEFIFNOT(`STATUS_FILE', MSP_QUEUE_DIR`/sm-client.st')
_DEFIFNOT(`confPID_FILE', MSP_QUEUE_DIR`/sm-client.pid')
define(`confQUEUE_FILE_MODE', `0660')
define(`confRUN_AS_USER', _OR_(`confRUN_AS_USER', `smmsp'))
define(`confTRUSTED_USER', _OR_(`confTRUSTED_USER', `smmsp'))
define(`_NO_MSA_', `1')
define(`_DAEMONS_', `O DaemonPortOptions=Name=NoMTA, Addr=127.0.0.1, M=E
')
define(`SMTP_MAILER_FLAGS', `k5')
define(`RELAY_MAILER_FLAGS', _OR_(`RELAY_MAILER_FLAGS', `')`k')
define(`RELAY_MAILER_ARGS', `TCP $h'_MSP_PORT_)
MAILER(`local')
MAILER(`smtp')
undefine(`_MAILERS_SEEN_')
PUSHDIVERT(32)
# everything goes to the server
R$+			$: $>ParseRecipient $1
R$#$*			$@ $#$1
R$* < @ $+ > $*		$#_OR_(`confRELAY_MAILER', `relay') $@ _MSP_HOST_ $: $1 < @ $2 > $3
R$+			$#_OR_(`confRELAY_MAILER', `relay') $@ _MSP_HOST_ $: $1 < @ $j >
POPDIVERT
