import { Icon } from "./Icon";
import type { Look } from "./status";

/** An icon and a word in the colour of a state; `words` say more than the look's own word. */
export function Status({ look, words, bare = false }: { look: Look; words?: string; bare?: boolean }) {
  return (
    <span className={`st tone-${look.tone}${bare ? " bare" : ""}`}>
      <Icon name={look.icon} />
      {words ?? look.word}
    </span>
  );
}
