import { Select } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { runsQuery } from "../api/queries";
import type { RowPage } from "../api/types";
import { PageSkeleton } from "../app/PageSkeleton";
import { Empty } from "../kit/Empty";
import { Icon } from "../kit/Icon";
import { KindGlyph } from "../kit/KindGlyph";
import { ProblemNote } from "../kit/ProblemNote";
import { runName } from "../workflow/names";
import { useAsked, type Asking } from "./asked";
import { FilterLine } from "./FilterLine";
import { Gallery } from "./Gallery";
import { isNumber, shownOf, toldCount } from "./rows";
import { pageQuery, type RowsAsked } from "./useRows";
import { ViewSwitch } from "./ViewSwitch";
import "./sets.css";

const LOW_PASSES = ["10", "15", "20", "30", "40"];

/** The images of a set, sorted and filtered as its rows are, and drawn as they come into view. */
export function GalleryPage() {
  const [asked, change] = useAsked();
  const { project, run, output } = asked;
  const [lowPass, setLowPass] = useState<string | null>("20");
  const first = useQuery({ ...pageQuery(asked, 0), placeholderData: keepPreviousData });
  const made = useQuery(runsQuery(project)).data?.runs.find((one) => one.ulid === run);
  if (first.isPending) return <PageSkeleton />;
  const { data: page, isPlaceholderData: former } = first;
  const shown = shownOf(page, former);
  return (
    <main className="page" id="page">
      <div className="pagehead">
        <h1 className="row">{page && <KindGlyph kind={page.kind} />}{output}</h1>
        <ViewSwitch view="images" />
        {made && <span className="dim cut">of <Link to={`/projects/${project}?run=${run}`}>run {made.number}, {runName(made)}</Link></span>}
        <span className="grow" />
        <span className="dim nw" role="status">{page && toldCount(page, asked.filter !== "", former)}</span>
      </div>
      <FilterLine key={asked.filter} filter={asked.filter} error={asked.filter ? first.error : null} columns={page?.columns} apply={(filter) => change({ filter })} />
      {page && <Orders page={page} asked={asked} change={change} lowPass={lowPass} setLowPass={setLowPass} />}
      {first.isError && !asked.filter && <div className="section"><ProblemNote error={first.error} /></div>}
      {shown === "former" && <div className="gallery" aria-busy="true" />}
      {shown === "none" && <Empty title={asked.filter ? "No particle is like that" : "There is nothing in this set"}><p>{asked.filter ? "Change the filter, or take it off to see all." : "Images come here when the run that makes it goes on."}</p></Empty>}
      {page && shown === "items" && <Gallery asked={asked} page={page} lowPass={lowPass === null ? null : Number(lowPass)} />}
    </main>
  );
}

interface OrdersProps {
  page: RowPage;
  asked: RowsAsked;
  change: Asking;
  lowPass: string | null;
  setLowPass: (to: string | null) => void;
}

function Orders({ page, asked, change, lowPass, setLowPass }: OrdersProps) {
  const columns = page.columns.filter(isNumber).map((column) => column.name);
  return (
    <div className="orders">
      <Select aria-label="Sort by" placeholder="As they came" clearable value={asked.sort || null} data={columns} searchable onChange={(sort) => change({ sort: sort ?? "", descending: sort === "score" })} leftSection={<Icon name={asked.descending ? "arrowDown" : "arrowUp"} />} />
      <Select aria-label="Direction" disabled={!asked.sort} allowDeselect={false} value={asked.descending ? "down" : "up"} data={[{ value: "down", label: "Largest first" }, { value: "up", label: "Smallest first" }]} onChange={(to) => change({ descending: to === "down" })} />
      <span className="grow" />
      <span className="sm dim nw" id="low-pass">Finer details left out</span>
      <Select aria-labelledby="low-pass" placeholder="none" clearable value={lowPass} data={LOW_PASSES.map((value) => ({ value, label: `below ${value} Å` }))} onChange={setLowPass} />
    </div>
  );
}
