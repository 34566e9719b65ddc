import { Button, CopyButton } from "@mantine/core";
import type { RunDetail } from "../api/types";
import { Icon } from "../kit/Icon";

/** What to write of a run and all it was made from, and what to cite. */
export function MethodsTab({ detail }: { detail: RunDetail }) {
  if (!detail.methods) return <p className="nothing">There is nothing to write of this run before it has been started.</p>;
  const everything = [detail.methods, ...detail.citations].join("\n\n");
  return (
    <>
      <section>
        <div className="sechead">
          <h3>Methods</h3>
          <CopyButton value={everything}>
            {({ copied, copy }) => (
              <Button size="xs" leftSection={<Icon name={copied ? "check" : "copy"} />} onClick={copy}>
                <span aria-live="polite">{copied ? "Copied" : "Copy text and citations"}</span>
              </Button>
            )}
          </CopyButton>
        </div>
        <p className="prose">{detail.methods}</p>
      </section>
      {detail.citations.length > 0 && (
        <section>
          <div className="sechead"><h3>To cite</h3></div>
          <ol className="cites">{detail.citations.map((citation) => <li key={citation}>{citation}</li>)}</ol>
        </section>
      )}
    </>
  );
}
