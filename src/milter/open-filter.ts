/** A filter is reached: connect, negotiate. */
import { decodeSaid, describeCode } from "./answers.ts";
import { encodeCommand } from "./commands.ts";
import { FilterDialogue } from "./dialogue.ts";
import type { FilterConnection, FilterSettings, MacroStage, Offer } from "./filter.ts";
import { agreed, offeredBits } from "./negotiation.ts";
import { PacketSocket } from "./packet-socket.ts";

/** Connects to a filter and agrees with it on what will be said. Throws FilterError. */
export async function openFilter(settings: FilterSettings, offer: Offer): Promise<FilterConnection> {
  const socket = await PacketSocket.connect(settings);
  await socket.send(encodeCommand({ kind: "negotiate", ...offeredBits(offer) }), "negotiation");
  const lists = new Map<MacroStage, readonly string[]>();
  for (;;) {
    const packet = await socket.receive(settings.timeouts.read, "negotiation");
    try {
      const said = decodeSaid(packet);
      if (said.kind === "negotiation") {
        const negotiated = agreed(offer, { ...said, lists: new Map([...lists, ...said.lists]) });
        return new FilterDialogue(settings, socket, negotiated, offer);
      }
      if (said.kind !== "macro-list") throw new RangeError(`${describeCode(packet.code)} to the negotiation`);
      lists.set(said.stage, said.macros);
    } catch (error) {
      throw socket.fail("protocol", `it answered ${(error as Error).message}`);
    }
  }
}
