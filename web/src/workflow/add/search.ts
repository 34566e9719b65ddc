import type { ProtocolSummary } from "../../api/types";
import { protocolName } from "../names";

/** The protocols in which every word is found. */
export function protocolsLike(protocols: readonly ProtocolSummary[], text: string): ProtocolSummary[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return protocols.filter((protocol) => {
    const hay = `${protocolName(protocol.id)} ${protocol.id} ${protocol.title} ${protocol.stage}`.toLowerCase();
    return words.every((word) => hay.includes(word));
  });
}
