/** The main script of a file that is made only to be run while the build looks on. The file to be shipped carries the code that it leaves. */
import { runOneFile } from "../src/cli/one-file.ts";
import { recording } from "./recording.ts";

void runOneFile(recording(String(process.pid)));
