import { PassThrough } from "node:stream";
import type { Socket } from "node:net";
import { expect, test } from "@jest/globals";
import { type Frame, FrameReader, FrameWriter, joinTask, splitTask } from "../../../src/rights/frames.ts";

const told = ({ type, task, payload }: Frame): string => `${type}${task}:${payload.toString("latin1")}`;

async function written(
  write: (writer: FrameWriter) => void,
): Promise<{ readonly octets: Buffer; readonly writes: number }> {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  write(new FrameWriter(stream as unknown as Socket));
  await new Promise((resolve) => setTimeout(resolve, 10));
  return { octets: Buffer.concat(chunks), writes: chunks.length };
}

test("frames are found in octets cut anywhere", async () => {
  const { octets, writes } = await written((writer) => {
    writer.write("T", 1, Buffer.from("{}"), Buffer.from("abc"));
    writer.write("D", 70_000, Buffer.alloc(5, "x"));
    writer.write("E", 2 ** 32 - 1);
  });
  // One turn of the event loop, one write.
  expect(writes).toBe(1);
  for (let size = 1; size <= octets.length; size++) {
    const reader = new FrameReader();
    const frames: string[] = [];
    for (let at = 0; at < octets.length; at += size) {
      frames.push(...reader.push(octets.subarray(at, at + size)).map(told));
    }
    expect(frames).toEqual(["T1:{}abc", "D70000:xxxxx", "E4294967295:"]);
  }
});

test("a long payload arrives whole", async () => {
  const long = Buffer.alloc(300_000, "abcdefg");
  const { octets } = await written((writer) => {
    writer.write("D", 1, long.subarray(0, 100), long.subarray(100));
    writer.write("E", 1);
  });
  const [first, second] = new FrameReader().push(octets);
  expect(first.payload.equals(long)).toBe(true);
  expect(told(second)).toBe("E1:");
});

test("nonsense is refused", () => {
  expect(() => new FrameReader().push(Buffer.from("GET / HTTP/1.1\r\n"))).toThrow("not a frame");
  const long = Buffer.from("D\0\0\0\x01\xff\xff\xff\xff", "latin1");
  expect(() => new FrameReader().push(long)).toThrow("not a frame");
});

test("a task and its octets are told apart, whatever is in them", () => {
  const message = { user: "jö", uid: 1, gid: 2, task: "mbox", argument: { path: "/x\u20ac" }, more: false };
  const { json, octets } = splitTask(Buffer.concat([joinTask(message), Buffer.from("{}\0\xff", "latin1")]));
  expect(JSON.parse(json)).toEqual(message);
  expect(octets.toString("latin1")).toBe("{}\0\xff");
  for (const bad of ["", "\0\0\0", "\0\0\0\x09{}"]) expect(() => splitTask(Buffer.from(bad))).toThrow("not a task");
});
