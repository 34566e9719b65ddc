import { Button, Skeleton, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { AuditEntry } from "../api/types";
import { moment } from "../kit/format";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { Status } from "../kit/Status";
import { auditQuery } from "./queries";
import { actWords, ending } from "./words";

/** Who did what, from the newest back. */
export function AuditTable() {
  const [text, setText] = useState("");
  const [wanted] = useDebouncedValue(text.trim(), 250);
  const log = useInfiniteQuery(auditQuery(wanted));
  const entries = log.data?.pages.flatMap((page) => page.entries) ?? [];
  return (
    <section className="panel" aria-labelledby="log-title">
      <header>
        <h2 id="log-title" className="grow">Who did what</h2>
        <TextInput aria-label="Find in the log" placeholder="Name, act or project" leftSection={<Icon name="search" />} value={text} maxLength={200} onChange={(event) => setText(event.currentTarget.value)} />
      </header>
      {log.isError && <ProblemNote error={log.error} />}
      {log.isPending && <Skeleton height={160} />}
      {log.isSuccess && entries.length === 0 && <p className="waiting" role="status">{wanted ? "Nothing in the log is like that." : "Nobody has changed anything yet."}</p>}
      {entries.length > 0 && (
        <div className="scrolled" role="region" aria-label="Table of acts" tabIndex={0}>
          <table className="sheet">
            <thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">By</th><th scope="col">What</th><th scope="col">State</th></tr></thead>
            <tbody>{entries.map((entry, at) => <Entry key={`${entry.moment} ${at}`} entry={entry} />)}</tbody>
          </table>
        </div>
      )}
      {log.hasNextPage && <div className="body"><Button loading={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>Show older</Button></div>}
    </section>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  return (
    <tr>
      <td>{moment(entry.moment)}</td>
      <td>{entry.name}</td>
      <td>{entry.by === "browser" ? "browser" : `token “${entry.by}”`}</td>
      <td className="wrap">{actWords(entry)}{entry.place && <span className="sm faint mono"> {entry.place}</span>}</td>
      <td><Status look={ending(entry.status)} /></td>
    </tr>
  );
}
