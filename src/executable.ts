/** The main script of the one executable file. */
import { runOneFile } from "./cli/one-file.ts";

void runOneFile();
