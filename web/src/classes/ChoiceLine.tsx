import { Button } from "@mantine/core";
import type { ClassWall } from "../api/types";
import { count, moment } from "../kit/format";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { keptOf, overriddenOf } from "./choice";
import type { Wall } from "./useWall";

/** What the choice keeps, how far it is from the proposal, and whether a newer round has come. */
export function ChoiceLine({ wall, shown }: { wall: Wall; shown: ClassWall }) {
  const kept = keptOf(shown.classes, wall.choice);
  const share = shown.particle_count > 0 ? (100 * kept.particles) / shown.particle_count : 0;
  return (
    <div className="choiceline">
      <div className="row" role="status">
        <b>{count(kept.classes)} of {count(shown.classes.length)} classes {shown.only_shown ? "proposed" : "kept"}</b>
        <span className="dim">{count(kept.particles)} of {count(shown.particle_count)} particles <span className="faint">({Math.round(share)} %)</span></span>
        <span className="grow" />
        <span className="sm faint cut">{standing(wall, shown)}</span>
      </div>
      <div className="bar"><i style={{ width: `${share}%` }} /></div>
      {shown.only_shown && <p className="sm dim">{shown.only_shown}</p>}
      {wall.newer && (
        <div className="newer tone-need" role="status">
          <Icon name="stale" />
          <span className="grow">Run {shown.source_number} has made a newer round. {shown.follows ? "Your choice is applied to its classes by their labels; new ones follow the proposal." : "The particles stay those of the round of the decision, until you decide again."}</span>
          <Button size="xs" onClick={wall.lookAtNewer}>Look at it</Button>
        </div>
      )}
      {wall.failure && <ProblemNote error={wall.failure} />}
    </div>
  );
}

function standing(wall: Wall, shown: ClassWall): string {
  if (shown.only_shown) return "";
  const changed = overriddenOf(shown.classes, wall.choice);
  const otherwise = changed === 0 ? "all as proposed" : `${count(changed)} otherwise than proposed`;
  if (wall.changed) return `${otherwise}, not saved yet`;
  if (wall.decided) return `${otherwise}, decided by ${wall.decided.by || "somebody"}, ${moment(wall.decided.at)}`;
  return shown.waits ? "nobody has decided yet; nothing is kept until then" : "all as proposed; nobody has decided";
}
