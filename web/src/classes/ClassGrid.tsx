import { useCallback, useMemo, useState, type KeyboardEvent } from "react";
import { useNavigate } from "react-router";
import type { ClassDocument, ClassWall } from "../api/types";
import { ProblemNote } from "../kit/ProblemNote";
import { sheetsOf } from "../kit/sheets";
import { useSheets } from "../kit/useSheets";
import { moved } from "../workflow/selection";
import { isKept, isOverridden, toggled, type Choice } from "./choice";
import { ClassTile } from "./ClassTile";

const DRAWN = 160; // px, edge of an average on its sheet

interface Props {
  project: string;
  wall: ClassWall;
  order: readonly ClassDocument[];
  choice: Choice;
  choose: ((choice: Choice) => void) | null;
}

/** The wall itself: arrows go from class to class, Space keeps or leaves out, Enter shows the members. */
export function ClassGrid({ project, wall, order, choice, choose }: Props) {
  const navigate = useNavigate();
  const total = wall.classes.length;
  const sheets = useSheets(
    { project, ...wall.source, generation: wall.generation, count: total, size: DRAWN },
    useMemo(() => sheetsOf(0, total - 1), [total]),
  );
  const [current, setCurrent] = useState("");
  const at = Math.max(0, order.findIndex((one) => one.id === current));
  const toggle = useCallback((one: ClassDocument) => choose?.(toggled(one, choice, wall.classes)), [choose, choice, wall.classes]);
  const keys = (event: KeyboardEvent<HTMLDivElement>) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-class]");
    if (!button) return;
    const one = order[at];
    if (event.key === "Enter" && one) {
      event.preventDefault();
      const members = membersOf(project, wall, one);
      if (members) void navigate(members);
      return;
    }
    const columns = getComputedStyle(event.currentTarget).gridTemplateColumns.split(" ").length;
    const to = moved(event.key, at, order.length, columns);
    const next = to === null ? undefined : order[to];
    if (!next) return;
    event.preventDefault();
    setCurrent(next.id);
    event.currentTarget.querySelector<HTMLElement>(`[data-class="${next.id}"]`)?.focus();
  };
  return (
    <div className="wallbox">
      {sheets.error && <div className="section"><ProblemNote error={sheets.error} /></div>}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the buttons inside have the focus; keys rise from them */}
      <div className="wall" role="group" aria-label="Classes" onKeyDown={keys} onFocus={(event) => setCurrent((event.target as Element).closest<HTMLElement>("[data-class]")?.dataset.class ?? current)}>
        {order.map((one, place) => (
          <ClassTile
            key={one.id}
            one={one}
            total={total}
            sheets={sheets}
            kept={isKept(one, choice)}
            overridden={isOverridden(one, choice)}
            members={membersOf(project, wall, one)}
            current={place === at}
            toggle={choose && one.label !== null ? toggle : null}
          />
        ))}
      </div>
    </div>
  );
}

/** Where the particles of a class are seen. */
function membersOf(project: string, { members }: ClassWall, one: ClassDocument): string | null {
  if (!members) return null;
  const filter = `class_number == ${one.class_number}`;
  return `/projects/${project}/runs/${members.run}/outputs/${members.output}/images?filter=${encodeURIComponent(filter)}&sort=score&descending`;
}
