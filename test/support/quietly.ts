/** Runs something that writes to standard output and error, without a line of it among those of the tests. */
import { jest } from "@jest/globals";

export async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const streams = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, "write").mockImplementation(() => true),
  );
  try {
    return await work();
  } finally {
    for (const stream of streams) stream.mockRestore();
  }
}
