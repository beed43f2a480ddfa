dnl mailers.m4: how the files in mailer/ write a mailer line (M).

dnl _MFLAGS_(NAME, always, default): flags of mailer NAME: those it always has, then NAME_MAILER_FLAGS or the default, then
dnl what MODIFY_MAILER_FLAGS says.
define(`_MFLAGS_', `_CHANGED_FLAGS_(`$1', `$2'ifdef(`$1_MAILER_FLAGS', `$1_MAILER_FLAGS', `$3'))')
define(`_CHANGED_FLAGS_', `ifdef(`_FLAGS_ARE_$1_', `_FLAGS_ARE_$1_', `_ADD_FLAGS_(_OR_(`_FLAGS_MORE_$1_'), _TAKE_FLAGS_(_OR_(`_FLAGS_LESS_$1_'), `$2'))')')

dnl _MLIMITS_(NAME): what else may be set for a mailer: size, messages and recipients at once, character set, queue group, user.
dnl Which of them counts differs from mailer to mailer: _ONE_OF_(NAME, list, text) is the text for those in the list.
define(`_ONE_OF_', `ifelse(index(`$2', ` $1 '), `-1', `', `$3')')
define(`_MLIMITS_', `ifdef(`$1_MAILER_MAX', `_ONE_OF_(`$1', ` SMTP LOCAL UUCP FAX PROCMAIL USENET CYRUS QPAGE ', `M=$1_MAILER_MAX, ')')`'dnl
ifdef(`$1_MAILER_MAXMSGS', `m=$1_MAILER_MAXMSGS, ')`'dnl
ifdef(`$1_MAILER_MAXRCPTS', `_ONE_OF_(`$1', ` SMTP LOCAL CYRUSV2 ', `r=$1_MAILER_MAXRCPTS, ')')`'dnl
ifdef(`$1_MAILER_CHARSET', `_ONE_OF_(`$1', ` SMTP RELAY LOCAL UUCP CYRUSV2 ', `C=$1_MAILER_CHARSET, ')')`'dnl
ifelse(`$1', `SMTP', `', `_MQUEUE_(`$1')')`'ifdef(`$1_MAILER_USER', `_ONE_OF_(`$1', ` CYRUS ', `U=$1_MAILER_USER, ')')')
define(`_MQUEUE_', `ifdef(`$1_MAILER_QGRP', `Q=$1_MAILER_QGRP, ')')
