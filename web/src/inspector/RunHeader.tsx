import { ActionIcon } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import type { RunDetail, RunSummary } from "../api/types";
import { compareAddress } from "../compare/addresses";
import { counted } from "../kit/format";
import { Icon } from "../kit/Icon";
import { RunPicture } from "../kit/RunPicture";
import { Status } from "../kit/Status";
import { lookOf, type Look } from "../kit/status";
import { protocolName, runName } from "../workflow/names";
import { resultLine } from "../workflow/result";
import { stageIcon } from "../workflow/stages";
import { Annotating } from "./Annotating";

const STALE: Look = { tone: "stale", icon: "stale", word: "Stale" };

/** Kinds of sets that stand for maps to look at. */
const MAPS: ReadonlySet<string> = new Set(["volumes", "classes3d", "local-resolutions"]);

interface Props {
  project: string;
  run: RunSummary;
  detail: RunDetail | undefined;
  fold: React.ReactNode;
}

/** What a run is called, where it stands, and what people wrote on it. */
export function RunHeader({ project, run, detail, fold }: Props) {
  const [writing, setWriting] = useState(false);
  return (
    <header>
      <div className="title">
        <h2>
          <Icon name={stageIcon(run.stage)} />
          <span className="cut">{runName(run)}</span>
          <span className="faint nw" style={{ fontWeight: 400 }}>run {run.number}</span>
        </h2>
        {detail && !detail.read_only && (
          <ActionIcon variant="subtle" size={24} aria-label="Write name, tags and note" aria-expanded={writing} onClick={() => setWriting(!writing)}>
            <Icon name="pencil" />
          </ActionIcon>
        )}
        <Status look={lookOf(run.state)} />
        {fold}
      </div>
      <p className="facts">{run.label ? protocolName(run.protocol) : run.title}</p>
      <p className="facts result" role="status">{resultLine(run)}</p>
      <RunPicture run={run} size="panel" />
      {detail?.outputs.some((output) => output.kind === "classes2d") && run.state !== "draft" && (
        <Link className="look sm" to={`/projects/${project}/runs/${run.ulid}/classes`}><Icon name="stageClass2d" />Open the class wall</Link>
      )}
      {detail?.outputs.some((output) => MAPS.has(output.kind) && output.count > 0) && (
        <Link className="look sm" to={`/projects/${project}/runs/${run.ulid}/maps`}><Icon name="stageRefine" />Look at the map</Link>
      )}
      {run.state !== "draft" && run.state !== null && (
        <Link className="look sm" to={compareAddress(project, run.replaces ? [run.replaces, run.ulid] : [run.ulid])}><Icon name="compare" />{run.replaces ? "Compare with what it replaces" : "Compare with other runs"}</Link>
      )}
      {writing && detail && <Annotating project={project} detail={detail} done={() => setWriting(false)} />}
      {!writing && run.tags.length > 0 && <p className="facts tags"><Icon name="tag" />{run.tags.join(", ")}</p>}
      {!writing && detail?.note && <p className="note">{detail.note}</p>}
      {detail && <Remarks run={run} detail={detail} />}
    </header>
  );
}

function Remarks({ run, detail }: { run: RunSummary; detail: RunDetail }) {
  const remarks = [
    ...detail.warnings.map(({ sentence, labels }) => (labels.length > 0 ? `${sentence} (${counted(labels.length, "items")}: ${labels.slice(0, 3).join(", ")}${labels.length > 3 ? " …" : ""})` : sentence)),
    detail.behind > 0 ? `It is behind its input by ${counted(detail.behind, "items")}.` : "",
    run.state !== "finished" && run.reason && !run.progress.message ? sentence(run.reason) : "",
    detail.cannot_tell,
    detail.read_only,
  ].filter(Boolean);
  if (!detail.stale && remarks.length === 0) return null;
  return (
    <ul className="warns">
      {detail.stale && <li><Status look={STALE} bare /><span>{detail.stale_because.join(" ")}</span></li>}
      {remarks.map((remark) => <li key={remark}><Icon name="triangle" /><span>{remark}</span></li>)}
    </ul>
  );
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? "" : "."}`;
}
