/** Picks the personality from the name the program was called by, and exits with its code. */
process.stderr.write("rulemail: nothing here yet\n");
process.exitCode = 70;
