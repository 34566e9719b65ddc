import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { Icon } from "../kit/Icon";
import { useFocused } from "../kit/useFocused";

/** A token that was made just now; it is never shown again. */
export function ShownOnce({ name, text, done }: { name: string; text: string; done: () => void }) {
  const clipboard = useClipboard({ timeout: 3000 });
  const title = useFocused<HTMLHeadingElement>();
  return (
    <section className="panel" aria-labelledby="once-title">
      <header><h2 id="once-title" tabIndex={-1} ref={title}>Copy the token “{name}” now</h2></header>
      <div className="body">
        <p className="dim">It is not kept, and never shown again. A script sends it in the header <span className="mono">Authorization: Bearer …</span>; keep it in a file that only you can read.</p>
        <div className="secret">
          <code>{text}</code>
          <Button leftSection={<Icon name={clipboard.copied ? "check" : "copy"} />} onClick={() => clipboard.copy(text)}>{clipboard.copied ? "Copied" : "Copy"}</Button>
        </div>
        <Button variant="subtle" onClick={done}>I have it</Button>
      </div>
    </section>
  );
}
