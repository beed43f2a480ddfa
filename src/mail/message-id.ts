/** Message-Id: (RFC 5322 §3.6.4). */

/** "<202611201856.5AKJ3Crx012345@mail.example.test>": unique because queue ids are. @param ms milliseconds since the epoch */
export function makeMessageId(ms: number, queueId: string, host: string): string {
  const digits = new Date(ms).toISOString().replace(/\D/g, "");
  return `<${digits.slice(0, 12)}.${queueId}@${host}>`;
}
