divert(0)dnl
dnl fields.m4: precedence, trusted users, header lines.

# precedence of messages
Pfirst-class=0
Pspecial-delivery=100
Plist=-30
Pbulk=-60
Pjunk=-100

# users that may set the sender
Troot
Tdaemon
ifdef(`_NO_UUCP_', `', `Tuucp
')dnl
ifdef(`_USE_CT_FILE_', `Ft`'confCT_FILE
')dnl

# header lines
H?P?Return-Path: <$g>
HReceived: confRECEIVED_HEADER
H?D?Resent-Date: $a
H?D?Date: $a
H?F?Resent-From: confFROM_HEADER
H?F?From: confFROM_HEADER
H?x?Full-Name: $x
H?M?Resent-Message-Id: confMESSAGEID_HEADER
H?M?Message-Id: confMESSAGEID_HEADER

