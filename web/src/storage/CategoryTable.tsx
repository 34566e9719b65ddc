import { Button } from "@mantine/core";
import { Fragment, useState } from "react";
import { Link } from "react-router";
import type { StorageCategory } from "../api/types";
import { bytes, count, counted } from "../kit/format";
import { Icon } from "../kit/Icon";
import { Quantity } from "../kit/Quantity";

interface Props {
  project: string;
  categories: readonly StorageCategory[];
  total: number;
  chosen: ReadonlySet<string>;
  /** Chooses a category or takes it off; null if nothing can be cleaned now. */
  choose: ((name: string) => void) | null;
}

/** What takes space, by category, with what would go and what it costs to have it again. */
export function CategoryTable({ project, categories, total, chosen, choose }: Props) {
  const [open, setOpen] = useState("");
  return (
    <section className="panel" aria-label="What takes space">
      <table className="sheet roomy storage">
        <thead>
          <tr>
            <th scope="col"><span className="sr">Clean</span></th>
            <th scope="col">What</th>
            <th scope="col" className="r">Takes</th>
            <th scope="col" className="r">Can go</th>
            <th scope="col">To have it again</th>
            <th scope="col"><span className="sr">Details</span></th>
          </tr>
        </thead>
        <tbody>
          {categories.map((one) => (
            <Fragment key={one.name}>
              <tr>
                <td>{one.frees_files > 0 && <input type="checkbox" aria-label={`Clean ${one.words}`} checked={chosen.has(one.name)} disabled={!choose} onChange={() => choose?.(one.name)} />}</td>
                <td><span className="b">{one.words}</span> <span className="faint sm">{one.meaning}</span><span className="bar tone-idle sharebar"><i style={{ width: `${(100 * one.bytes) / Math.max(1, total)}%` }} /></span></td>
                <td className="r"><Quantity {...bytes(one.bytes)} /></td>
                <td className="r">{one.frees_files > 0 ? <Quantity {...bytes(one.frees)} /> : <span className="faint">stays</span>}</td>
                <td className="wrap sm dim">{one.cost}</td>
                <td className="r">{one.shares.length > 0 && <Button size="xs" variant="subtle" aria-expanded={open === one.name} aria-label={`${counted(one.shares.length + one.shares_left_out, "runs")} with ${one.words}`} rightSection={<Icon name="chevronDown" />} onClick={() => setOpen(open === one.name ? "" : one.name)}>{counted(one.shares.length + one.shares_left_out, "runs")}</Button>}</td>
              </tr>
              {open === one.name && <tr><td /><td colSpan={5}><Shares project={project} category={one} /></td></tr>}
            </Fragment>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Shares({ project, category }: { project: string; category: StorageCategory }) {
  return (
    <ul className="shares">
      {category.shares.map((share) => (
        <li key={`${share.run} ${share.path} ${share.why}`}>
          <Link to={`/projects/${project}?run=${share.run}`}>{share.title}</Link>
          <span className="nw">{counted(share.files, "files")}, <Quantity {...bytes(share.bytes)} /></span>
          <span className="dim grow">{share.goes ? "can go" : `stays: ${share.why}`}{share.exported_in.length > 0 && `; named in ${share.exported_in.join(", ")}`}</span>
        </li>
      ))}
      {category.shares_left_out > 0 && <li className="faint">and {count(category.shares_left_out)} smaller ones</li>}
    </ul>
  );
}
