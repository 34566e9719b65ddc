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

/** The protocol whose name is what was typed, and not only a part of it. */
export function called(protocols: readonly ProtocolSummary[], text: string): ProtocolSummary | undefined {
  const name = text.trim().toLowerCase();
  return protocols.find((protocol) => [protocol.id, protocolName(protocol.id).toLowerCase()].includes(name));
}
