import { ActionIcon, Tooltip } from "@mantine/core";
import { useMemo, useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { PageSkeleton } from "../app/PageSkeleton";
import { count, counted } from "../kit/format";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { USUAL, type Contrast } from "./canvas/contrast";
import { Micrograph } from "./canvas/Micrograph";
import type { View } from "./canvas/view";
import { useWatched, Watched } from "./canvas/watched";
import { ExposurePanel } from "./ExposurePanel";
import { Filmstrip } from "./Filmstrip";
import { exposuresPage } from "./places";
import { asSearch, sortingOf } from "./table";
import { useMicrograph } from "./useMicrograph";
import { useMicrographKeys } from "./useMicrographKeys";
import { useVerdict } from "./useVerdict";
import { VerdictBar } from "./VerdictBar";
import "./exposures.css";

const LOW_PASS = 20; // Å

/** A micrograph with its picks, its spectrum, its drift and all its numbers; arrow keys walk to the others. */
export function MicrographPage() {
  const { project = "", run = "", output = "", exposure: id = "" } = useParams();
  const place = useMemo(() => ({ project, run, output }), [project, run, output]);
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const [view, setView] = useState<View | null>(null);
  const [contrast] = useState(() => new Watched(USUAL));
  const [lowPass, setLowPass] = useState(false);
  const [withPicks, setWithPicks] = useState(true);
  const [withFit, setWithFit] = useState(true);
  const sorting = sortingOf(params);
  const { table, exposure, order, beside, grey, failed, marks } = useMicrograph(place, id, sorting, view, lowPass ? LOW_PASS : null);
  const search = asSearch(sorting);
  const go = (to: string | null) => to && to !== id && void navigate(exposuresPage(place, to) + search, { replace: true });
  const deciding = useVerdict(place, id);
  const undo = () => go(deciding.undo());
  useMicrographKeys({
    ArrowLeft: () => go(beside.previous),
    ArrowRight: () => go(beside.next),
    p: () => setWithPicks(!withPicks),
    f: () => setWithFit(!withFit),
    l: () => setLowPass(!lowPass),
    i: () => invert(contrast),
    a: () => deciding.say("keep"),
    r: () => deciding.say("leave_out"),
    u: undo,
    "0": () => setView(null),
    Escape: () => void navigate(exposuresPage(place) + search),
  });
  const found = exposure.data;
  const begin = grey !== null || failed !== null;
  if (exposure.isPending) return <PageSkeleton />;
  const name = table?.names[order[beside.at] ?? -1] ?? found?.file.split("/").at(-1) ?? "";
  return (
    <div className="beside">
      <main className="page" id="page">
        <div className="pagehead micrograph-head">
          <Step word="Previous exposure" icon="chevronLeft" to={beside.previous} go={go} />
          <Step word="Next exposure" icon="chevronRight" to={beside.next} go={go} />
          <h1 className="mono cut" title={found?.file}>{name}</h1>
          {table && beside.at >= 0 && <span className="sm faint nw" role="status">{count(beside.at + 1)} of {count(table.count)}</span>}
          <span className="grow" />
          <VerdictBar verdict={deciding.verdict} isDeciding={deciding.isDeciding} mayDecide={deciding.mayDecide} canUndo={deciding.canUndo} say={deciding.say} undo={undo} />
          <Link className="sm nw" to={exposuresPage(place) + search}>All exposures</Link>
        </div>
        {exposure.isError && <div className="section"><ProblemNote error={exposure.error} /></div>}
        {deciding.error && !exposure.isError && <div className="section"><ProblemNote error={deciding.error} /></div>}
        {failed && <div className="section"><ProblemNote error={failed} /></div>}
        {found && !failed && (
          <Micrograph image={found} pixelSize={found.pixel_size} grey={grey} marks={withPicks ? marks : null} label={`Micrograph ${name}`} view={view} setView={setView} contrast={contrast}>
            {found.picks && (
              <span className="over over-left-top">
                {counted(found.picks.x.length, "picks")} of run {found.picks.run_number}
                {found.picks.diameter !== null && <> · diameter {Math.round(found.picks.diameter)}<span className="u">{"\u202f"}Å</span></>}
              </span>
            )}
            <span className="over over-right-top" role="group" aria-label="What is shown">
              {found.picks && <button type="button" aria-pressed={withPicks} onClick={() => setWithPicks(!withPicks)}>Picks</button>}
              <button type="button" aria-pressed={lowPass} onClick={() => setLowPass(!lowPass)}>Low-pass {LOW_PASS} Å</button>
              <Invert contrast={contrast} />
              <button type="button" disabled={view === null} onClick={() => setView(null)}>Fit</button>
            </span>
          </Micrograph>
        )}
        {table && beside.at >= 0 && <Filmstrip place={place} table={table} order={order} at={beside.at} search={search} begin={begin} />}
        <div className="keys" aria-hidden="true">
          <span><kbd>←</kbd><kbd>→</kbd>walk</span>
          {deciding.mayDecide && <span><kbd>A</kbd>keep</span>}
          {deciding.mayDecide && <span><kbd>R</kbd>reject</span>}
          {deciding.mayDecide && <span><kbd>U</kbd>undo</span>}
          <span><kbd>P</kbd>picks</span>
          <span><kbd>F</kbd>fit overlay</span>
          <span><kbd>L</kbd>low-pass</span>
          <span><kbd>I</kbd>invert</span>
          <span><kbd>0</kbd>show all</span>
          <span className="hide-narrow"><kbd>Wheel</kbd><kbd>+</kbd><kbd>−</kbd>zoom</span>
        </div>
      </main>
      {found && <ExposurePanel key={id} place={place} exposure={found} name={name} overlay={withFit} begin={begin} />}
    </div>
  );
}

function invert(contrast: Watched<Contrast>): void {
  contrast.set({ ...contrast.value, inverted: !contrast.value.inverted });
}

function Invert({ contrast }: { contrast: Watched<Contrast> }) {
  return <button type="button" aria-pressed={useWatched(contrast).inverted} onClick={() => invert(contrast)}>Invert</button>;
}

function Step({ word, icon, to, go }: { word: string; icon: "chevronLeft" | "chevronRight"; to: string | null; go: (to: string | null) => unknown }) {
  return (
    <Tooltip label={word}>
      <ActionIcon variant="default" size={32} aria-label={word} disabled={to === null} onClick={() => go(to)}><Icon name={icon} /></ActionIcon>
    </Tooltip>
  );
}
