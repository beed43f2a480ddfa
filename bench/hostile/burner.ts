/** Uses as much of a core as it gets, until it is ended: so that an undisturbed rate is measured on the same machine. */
for (;;) Math.random();
